"""Say what a field's values look like, and whether they are likely to identify a person, with the reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

__all__ = ["format_of", "mask", "mask_payload", "personal_reason"]

# Not every word with an underscore is an id: `charge_automatically` is a code, `ch_3QxB7kLm` has a capital or a digit.
PREFIXED_ID = r"[a-z]{2,12}_(?=[A-Za-z_]*[A-Z0-9])[A-Za-z0-9_]{8,}"
# The order matters: the first pattern that every value matches names the format.
TEXT_FORMATS = (
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("date-time", re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")),
    ("date", re.compile(r"\d{4}-\d\d-\d\d")),
    ("email", re.compile(r"[^@\s:/]+@[^@\s:/]+\.[^@\s.:/]+")),
    ("uri", re.compile(r"https?://\S+")),
    ("ipv4", re.compile(r"(\d{1,3}\.){3}\d{1,3}")),
    ("ipv6", re.compile(r"(?=.*::|(.*:){7})[0-9a-fA-F:.]{3,45}")),
    ("phone", re.compile(r"\+\d{7,15}")),
    ("prefixed-id", re.compile(PREFIXED_ID)),
    ("okta-id", re.compile(r"(00|0o|0p|0u|wh|ca|gb|au)[a-z0-9][A-Za-z0-9_-]{15,18}")),
    ("decimal", re.compile(r"-?\d+(\.\d+)?")),
)
TIME_NAMES = re.compile(
    r"created|updated|_at$|_date$|date$|_ts$|time|anchor|^start$|^end$|_start$|_end$|_by$|until|arriv"
)
MONEY_NAMES = re.compile(r"amount|total|balance|price|_tax$|^tax$|fee|shipping$")
SECONDS, MILLISECONDS = (946_684_800, 4_102_444_800), (946_684_800_000, 4_102_444_800_000)  # the years 2000 to 2100

SHOWN = {"object", "type", "eventType", "status", "currency", "api_version", "livemode"}  # names of things, of nobody
PERSONAL_FORMATS = {"email": "is an e-mail address", "phone": "is a phone number", "ipv4": "is an IP address"}
PERSONAL_FORMATS["ipv6"] = PERSONAL_FORMATS["ipv4"]
NAME, FREE_TEXT = "names a person", "is free text, which may say anything"
PERSONAL_NAMES = {
    NAME: r"(^|_)(first|last|full|given|family|display|customer|patient|business)?_?name$|^login$",
    "is part of an address": r"^(line[123]|street|city|postal_?code|zip)$",
    "describes a person": r"birth|(^|_)dob$|(^|_)age$|gender|(^|_)sex$",
    "is an identifier of a person": r"patient|(^|_)mrn|ssn|national_id|tax_id$|passport|member_id|insur",
    "is health information": r"diagnos|symptom|medication|allerg|condition|icd|encounter",
    "is a way to reach a person": r"e-?mail|phone|mobile|fax",
    "says where a person was": r"^(lat|lon|latitude|longitude|geolocation)$|ip_?address|^ip$",
    "describes a person's device": r"user_?agent",
    "identifies a means of payment": r"last4|fingerprint|iban|account_number",
    FREE_TEXT: r"description|notes?$|comment|memo|message|footer|free_text",
}
NOT_PERSONAL = re.compile(r"^(account_name|display_message|seller_message|.*_secret)$")


def format_of(name: str, values: Collection[Any], types: Collection[str], siblings: Collection[str]) -> str | None:
    """Return what the values of a field are, as far as all of them agree.

    >>> format_of("created", [1793977587], ["integer"], [])
    'epoch-seconds'
    >>> format_of("amount_due", [1299], ["integer"], ["currency"])
    'minor-amount'
    >>> format_of("id", ["cus_cF5pK6gnQxqrzq"], ["string"], [])
    'prefixed-id'

    Args:
        name: the field's key.
        values: what it held, nulls aside.
        types: their JSON types.
        siblings: the keys that stand beside it; a currency beside a number makes it money.
    """
    if not values:
        return None
    if set(types) <= {"string", "null"}:
        texts = [value for value in values if value]
        if name == "currency" and all(re.fullmatch(r"[A-Za-z]{3}", text) for text in texts):
            return "currency"
        if name.endswith("country") and all(re.fullmatch(r"[A-Z]{2}", text) for text in texts):
            return "country"
        return next(
            (kind for kind, form in TEXT_FORMATS if texts and all(form.fullmatch(each) for each in texts)), None
        )
    if set(types) <= {"integer", "null"}:
        if TIME_NAMES.search(name):
            for kind, (low, high) in (("epoch-seconds", SECONDS), ("epoch-milliseconds", MILLISECONDS)):
                if all(low <= value < high for value in values):
                    return kind
        if MONEY_NAMES.search(name) and "currency" in siblings:
            return "minor-amount"
    return None


def personal_reason(keys: Sequence[str], kind: str | None, *, text: bool = True) -> str | None:
    """Return why a field is likely to hold personal or health data, or None.

    >>> personal_reason(["object", "customer_email"], "email")
    'is an e-mail address'
    >>> personal_reason(["object", "metadata", "diagnosis"], None)
    'is health information'
    >>> personal_reason(["object", "currency"], "currency") is None
    True

    Args:
        keys: the way to the field.
        kind: its format.
        text: whether it holds texts; a number is not a name, but it may be a place.
    """
    if kind in PERSONAL_FORMATS:
        return PERSONAL_FORMATS[kind]
    *around, name = (_snake(key) for key in keys if key != "[]")
    if kind in ("epoch-seconds", "minor-amount", "uri", "currency", "country") or NOT_PERSONAL.search(name):
        return None
    if any("address" in key and "email" not in key for key in around):
        return "is part of an address"
    reason = next((reason for reason, pattern in PERSONAL_NAMES.items() if re.search(pattern, name)), None)
    return reason if text or reason not in (FREE_TEXT, NAME) else None


def mask(value: Any) -> str:
    """Return a value's outline: letters as x, digits as 9, at most forty characters; an id keeps its prefix.

    >>> mask("amara@example.com"), mask("cus_cF5pK6gnQxqrzq"), mask(1299), mask(True)
    ('xxxxx@xxxxxxx.xxx', 'cus_xX9xX9xxXxxxxx', '9999', 'true')
    """
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    text = str(value)[:40]
    prefix = text[: text.index("_") + 1] if re.fullmatch(PREFIXED_ID, text) else ""
    outline = re.sub(r"[^\W\d_]", lambda letter: "X" if letter[0].isupper() else "x", text[len(prefix) :])
    return prefix + re.sub(r"\d", "9", outline)


def mask_payload(value: Any, key: str = "") -> Any:
    """Return a payload with the outline of each value, so that its form can be shown where its content must not be.

    >>> mask_payload({"object": "invoice", "customer_name": "Amara", "amount": 1299, "paid": True, "lines": [None]})
    {'object': 'invoice', 'customer_name': 'Xxxxx', 'amount': '9999', 'paid': True, 'lines': [None]}
    """
    if isinstance(value, dict):
        return {name: mask_payload(item, name) for name, item in value.items()}
    if isinstance(value, list):
        return [mask_payload(item, key) for item in value]
    return value if value is None or isinstance(value, bool) or key in SHOWN else mask(value)


def _snake(name: str) -> str:
    """Return a key in snake case, so that one pattern finds `displayName` and `display_name`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
