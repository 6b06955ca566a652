"""Deliveries and the events they carry: providers as data, signatures, envelopes, profiles. Pure: bytes in, values out.

`delivery` holds the two values; `catalogue/` one YAML entry per provider, in the grammar of `entries`; `signatures` and
`envelopes` interpret them; `profile`, `json_schema` and `drift` say what a corpus of events looks like.
"""

from __future__ import annotations

__all__: list[str] = []
