"""Which events a mapping takes: `invoice.*` accepts, `!invoice.upcoming` excludes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["accepts_type", "dead_patterns", "type_pattern"]


def accepts_type(patterns: Sequence[str], event_type: str) -> bool:
    """Whether a pattern takes this event type and no exclusion takes it away; the order does not matter.

    >>> [accepts_type(["invoice.*", "!invoice.upcoming"], name) for name in ("invoice.paid", "invoice.upcoming")]
    [True, False]
    """
    return bool(type_pattern(patterns).fullmatch(event_type))


def type_pattern(patterns: Iterable[str]) -> re.Pattern[str]:
    """The same as one regular expression, which JavaScript reads alike.

    >>> type_pattern(["user.*", "!user.session.*"]).pattern
    '(?!(?:user\\\\.session\\\\..*)$)(?:user\\\\..*)'
    """
    wanted = [_expression(pattern) for pattern in patterns if not pattern.startswith("!")]
    excluded = [_expression(pattern[1:]) for pattern in patterns if pattern.startswith("!")]
    exclusion = f"(?!(?:{'|'.join(excluded)})$)" if excluded else ""
    return re.compile(f"{exclusion}(?:{'|'.join(wanted)})")


def dead_patterns(patterns: Sequence[str]) -> tuple[str, ...]:
    """The patterns that decide nothing: taken away whole by an exclusion, or excluding what no pattern takes.

    >>> dead_patterns(["invoice.*", "customer.*", "!customer.*", "!payout.paid"])
    ('customer.*', '!payout.paid')
    """
    wanted = [pattern for pattern in patterns if not pattern.startswith("!")]
    excluded = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    gone = [one for one in wanted if any(_covers(other, one) for other in excluded)]
    idle = [f"!{one}" for one in excluded if not any(_meets(one, other) for other in wanted)]
    return (*gone, *idle)


def _expression(pattern: str) -> str:
    return ".*".join(re.escape(part) for part in pattern.split("*"))


def _covers(wide: str, narrow: str) -> bool:
    """Whether every type the narrow pattern takes is taken by the wide one; a star stands for itself."""
    return bool(re.fullmatch(_expression(wide), narrow, re.DOTALL))


def _meets(one: str, other: str) -> bool:
    """Whether some event type is taken by both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _meets(one[1:], other) or _meets(one, other[1:])
    if other[0] == "*":
        return _meets(other, one)
    return one[0] == other[0] and _meets(one[1:], other[1:])
