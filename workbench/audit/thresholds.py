"""What counts as healthy: targets, and the judgement of measures against them.

A service level objective leaves an error budget (a target of 99 % leaves 1 %). The burn rate says how many times faster
than allowed a window spends it; short windows find a fire, the long one a leak. A finding is a sentence with the number
that was found and the one that was allowed.

Source: Google SRE workbook, "Alerting on SLOs", windows and rates (14.4 in 1 h, 6 in 6 h, 1 in 3 d).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Literal

from workbench.errors import IntegrationError, Problem

__all__ = [
    "EXIT_CODES",
    "SAID",
    "Finding",
    "Level",
    "Thresholds",
    "Verdict",
    "burn_rate",
    "judge",
    "read_thresholds",
    "strictest",
]

Level = Literal["healthy", "warning", "unknown", "breach"]
EXIT_CODES: Final[Mapping[Level, int]] = {"healthy": 0, "warning": 1, "breach": 2, "unknown": 3}
SAID: Final[Mapping[Level, str]] = {
    "healthy": "Healthy",
    "warning": "Warning",
    "breach": "Breach",
    "unknown": "Could not tell",
}
_ORDER: Final[tuple[Level, ...]] = ("healthy", "warning", "unknown", "breach")  # the worst finding speaks
_BURNS: Final[tuple[tuple[int, float, Level], ...]] = ((1, 14.4, "breach"), (6, 6.0, "breach"), (72, 1.0, "warning"))
_OPEN: Final = frozenset({"silent_hours", "event_to_resource_p95_s"})  # None: nothing is expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Targets of one integration; `report:` in its integration.yaml."""

    success: float = 0.99  # share of events that must not fail; refused deliveries are not counted
    p95_ms: float = 5_000.0  # half of Medplum's default bot timeout
    refused: float = 0.05  # share of deliveries refused for their signature that is still no warning
    silent_hours: float | None = None  # no run for longer than this is a breach; None: no cadence is expected
    event_to_resource_p95_s: float | None = None  # seconds from the event to the end of its run, for 95 %; None: any
    least_failures: int = 3  # fewer neither breach nor warn of refusals: one bad event in a quiet hour is no fire


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not as it should be."""

    level: Level
    rule: str  # a threshold's name, `burn` or `complete`
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The worst finding, and all of them, worst first."""

    level: Level
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """0 healthy, 1 warning, 2 breach, 3 could not tell."""
        return EXIT_CODES[self.level]

    def __str__(self) -> str:
        said = "; ".join(finding.text for finding in self.findings)
        return f"{SAID[self.level]}: {said}" if said else SAID[self.level]

    def _repr_markdown_(self) -> str:
        return "\n".join([f"**{SAID[self.level]}**", "", *(f"- {finding.text}" for finding in self.findings)])


def burn_rate(failed: int, events: int, target: float) -> float:
    """How many times faster than allowed the error budget is being spent.

    >>> round(burn_rate(failed=3, events=100, target=0.99), 2)
    3.0
    """
    return failed / events / max(1 - target, 1e-6) if events else 0.0


def judge(
    summary: Mapping[str, Any],
    windows: Iterable[Mapping[str, Any]],
    thresholds: Thresholds,
    *,
    silent_seconds: float | None,
    incomplete: Iterable[str] = (),
) -> Verdict:
    """The verdict on one span of time.

    Args:
        summary: the row of `summary.sql`.
        windows: the rows of `burn.sql`.
        silent_seconds: since the newest run; None when there is none.
        incomplete: sentences about bots whose settings hide runs from the trail.
    """
    findings = [
        *_presence(summary, thresholds, silent_seconds),
        *(_success(summary, windows, thresholds) if summary["events"] else ()),
        *(_speed_and_refusals(summary, thresholds) if summary["events"] else ()),
        *(Finding(level="unknown", rule="complete", text=text) for text in incomplete),
    ]
    findings.sort(key=lambda finding: -_ORDER.index(finding.level))
    return Verdict(level=findings[0].level if findings else "healthy", findings=tuple(findings))


def read_thresholds(given: Mapping[str, Any], *, file: str | None = None) -> Thresholds:
    """Thresholds from the `report:` part of an integration file; what it leaves out keeps its default.

    Raises:
        IntegrationError: every unknown name and every value out of range, at once.

    >>> read_thresholds({"success": 0.999}).success
    0.999
    """
    known = [field.name for field in fields(Thresholds)]
    problems = [
        Problem(message=f"report.{name}: is no threshold", file=file, remedy=f"one of {', '.join(known)}")
        for name in given
        if name not in known
    ]
    for name, value in given.items():
        most = 1.0 if name in {"success", "refused"} else float("inf")
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if name in known and not (value is None and name in _OPEN) and not (number and 0 <= value <= most):
            wanted = "a share from 0 to 1" if most == 1 else "a number, 0 or more"
            problems.append(Problem(message=f"report.{name}: is {_kind(value)}", file=file, remedy=f"give {wanted}"))
    if problems:
        raise IntegrationError(problems)
    return Thresholds(**given)


def strictest(given: Iterable[Thresholds]) -> Thresholds:
    """The targets that hold where several integrations are judged as one: of each the strictest.

    >>> strictest([Thresholds(success=0.9), Thresholds(success=0.99, silent_hours=24)]).silent_hours
    24
    """
    listed = list(given) or [Thresholds()]
    silent = [each.silent_hours for each in listed if each.silent_hours is not None]
    late = [each.event_to_resource_p95_s for each in listed if each.event_to_resource_p95_s is not None]
    return Thresholds(
        success=max(each.success for each in listed),
        p95_ms=min(each.p95_ms for each in listed),
        refused=min(each.refused for each in listed),
        silent_hours=min(silent, default=None),
        event_to_resource_p95_s=min(late, default=None),
        least_failures=min(each.least_failures for each in listed),
    )


def _kind(value: object) -> str:
    return "out of range" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def _presence(summary: Mapping[str, Any], thresholds: Thresholds, silent_seconds: float | None) -> Iterable[Finding]:
    if not summary["events"]:
        text = "no bot run in this span; nothing can be said about it"
        yield Finding(level="breach" if thresholds.silent_hours else "unknown", rule="silent_hours", text=text)
    elif thresholds.silent_hours and silent_seconds is not None and silent_seconds > thresholds.silent_hours * 3600:
        text = f"no run for {silent_seconds / 3600:.1f} h; at most {thresholds.silent_hours:g} h are expected"
        yield Finding(level="breach", rule="silent_hours", text=text)
    if summary.get("unreadable"):
        text = f"{summary['unreadable']:,} run(s) printed a result line that cannot be read; deploy the bot again"
        yield Finding(level="warning", rule="complete", text=text)


def _success(
    summary: Mapping[str, Any], windows: Iterable[Mapping[str, Any]], thresholds: Thresholds
) -> Iterable[Finding]:
    counted = summary["events"] - summary["refused"]
    failed, share = summary["failed"], summary["failed"] / counted if counted else 0.0
    if share > 1 - thresholds.success:
        worst: Level = "breach" if failed >= thresholds.least_failures else "warning"
        text = f"{failed:,} of {counted:,} events failed ({share:.2%}); {1 - thresholds.success:.2%} are allowed"
        yield Finding(level=worst, rule="success", text=text)
    by_hours = {window["hours"]: window for window in windows}
    for hours, limit, level in _BURNS:
        window = by_hours.get(hours)
        if window is None or window["failed"] < thresholds.least_failures:
            continue
        rate = burn_rate(window["failed"], window["events"], thresholds.success)
        if rate >= limit:
            text = f"in the last {hours} h the error budget burnt {rate:.1f} times too fast; {limit:g} is the limit"
            yield Finding(level=level, rule="burn", text=text)


def _speed_and_refusals(summary: Mapping[str, Any], thresholds: Thresholds) -> Iterable[Finding]:
    p95 = summary.get("ok_p95_ms")
    if p95 is not None and p95 > thresholds.p95_ms:
        text = f"95 % of the runs took up to {p95:,.0f} ms; {thresholds.p95_ms:,.0f} ms are expected"
        yield Finding(level="warning", rule="p95_ms", text=text)
    late = summary.get("event_to_resource_p95_ms")
    if late is not None and thresholds.event_to_resource_p95_s is not None:
        seconds = late / 1000
        if seconds > thresholds.event_to_resource_p95_s:
            text = (
                f"95 % of the events were settled within {seconds:,.0f} s of happening;"
                f" {thresholds.event_to_resource_p95_s:,.0f} s are expected"
            )
            yield Finding(level="warning", rule="event_to_resource_p95_s", text=text)
    refused = summary["refused"] / summary["events"]
    if refused > thresholds.refused and summary["refused"] >= thresholds.least_failures:
        text = (
            f"{summary['refused']:,} of {summary['events']:,} deliveries were refused ({refused:.2%});"
            " was the signing secret changed?"
        )
        yield Finding(level="warning", rule="refused", text=text)
