"""FHIR R4 as Medplum has it: money, identities, writes, bundles, outcomes, definitions, validation. All of it pure."""

from workbench.fhir.identity import Identity
from workbench.fhir.money import exponent, money
from workbench.fhir.validation import validate
from workbench.fhir.writes import EVENT_TIME_URL, WriteRule

__all__ = ["EVENT_TIME_URL", "Identity", "WriteRule", "exponent", "money", "validate"]
