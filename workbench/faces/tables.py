"""Tables, described once and drawn twice: as HTML for a notebook or report, and by rich for a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from workbench.errors import Problem
from workbench.faces.markup import Html, render

if TYPE_CHECKING:
    from pandas import DataFrame
    from rich.table import Table as RichTable

__all__ = [
    "EVENTS",
    "MARKS",
    "Column",
    "Table",
    "count",
    "frame_table",
    "milliseconds",
    "moment",
    "problem_table",
    "problem_tables",
    "share",
    "words",
]

Show = Callable[[Any], str]


def count(value: Any) -> str:
    """A whole number with its thousands apart; empty when there is none.

    >>> count(12345)
    '12,345'
    """
    return "" if _absent(value) else f"{value:,.0f}"


def milliseconds(value: Any) -> str:
    """A duration, in the unit that a person would say.

    >>> milliseconds(54), milliseconds(12_345)
    ('54 ms', '12.3 s')
    """
    if _absent(value):
        return ""
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def share(value: Any) -> str:
    """A share as a percentage: no more digits than say something, and 100 % only when it is all.

    >>> share(1.0), share(0.9971), share(0.99999)
    ('100 %', '99.7 %', '>99.9 %')
    """
    if _absent(value):
        return ""
    if 0.999 < value < 1:
        return ">99.9 %"
    return f"{value * 100:.1f} %" if 0 < value < 1 else f"{value:.0%}".replace("%", " %")


def moment(value: Any) -> str:
    """An instant to the minute, in UTC as the heading must say."""
    return "" if _absent(value) else f"{value:%Y-%m-%d %H:%M}"


def words(value: Any) -> str:
    """Text as it is; a list as its items, apart by commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, Iterable):
        return ", ".join(str(item) for item in value)
    return "" if _absent(value) else str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of a table."""

    key: str  # of the record
    heading: str
    show: Show = words
    right: bool = False  # numbers stand to the right, so that their digits line up
    group: bool = False  # the same text as in the row above is only hinted at
    mark: str | None = None  # a key whose value (ok, warning, failed, refused) marks the cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Records with columns: `.html()` for a page, `.rich()` for a terminal."""

    title: str
    columns: tuple[Column, ...]
    records: Sequence[Mapping[str, Any]]
    empty: str = "nothing to show"

    def cells(self) -> list[list[dict[str, Any]]]:
        """Every cell as text, with its side and mark, and whether it says what the one above says."""
        drawn = [
            [
                {
                    "text": column.show(record.get(column.key)),
                    "right": column.right,
                    "mark": record.get(column.mark) if column.mark else None,
                    "again": False,
                }
                for column in self.columns
            ]
            for record in self.records
        ]
        for above, row in pairwise(drawn):
            for column, upper, cell in zip(self.columns, above, row, strict=True):
                cell["again"] = column.group and upper["text"] == cell["text"]
        return drawn

    def html(self) -> str:
        """The table as HTML; a wide one scrolls within itself on a narrow screen."""
        return render("table", table=self)

    def rich(self) -> RichTable:
        """The table for a terminal."""
        from rich.table import Table as RichTable  # here: not every command draws one

        drawn = RichTable(title=self.title, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for column in self.columns:
            drawn.add_column(column.heading, justify="right" if column.right else "left", overflow="fold")
        for row in self.cells():
            drawn.add_row(*(_marked(cell["text"], cell["mark"]) for cell in row))
        return drawn

    def __str__(self) -> str:
        return f"{self.title}: {len(self.records):,} row(s)"

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return Html(text=str(self), html=self.html())._repr_mimebundle_()


def frame_table(frame: DataFrame, title: str, columns: Sequence[Column], *, empty: str = "nothing to show") -> Table:
    """A table of the rows of a DataFrame, in their order."""
    records = [{str(key): value for key, value in record.items()} for record in frame.to_dict("records")]
    return Table(title=title, columns=tuple(columns), records=records, empty=empty)


def problem_table(problems: Sequence[Problem], title: str = "Problems") -> Table:
    """Every problem of a file with its place and remedy, errors first."""
    ordered = sorted(problems, key=lambda problem: problem.severity)
    return Table(
        title=title,
        columns=(
            Column(key="place", heading="where"),
            Column(key="message", heading="what", mark="mark"),
            Column(key="remedy", heading="what to do"),
        ),
        records=[
            {
                "place": ":".join(
                    str(part) for part in (problem.file, problem.line, problem.column) if part is not None
                )
                or problem.path
                or "",
                "message": problem.message,
                "remedy": problem.remedy or "",
                "mark": "failed" if problem.severity == "error" else "warning",
            }
            for problem in ordered
        ],
        empty="no problem",
    )


def problem_tables(problems: Sequence[Problem], title: str, *, most: int = 25) -> list[Table]:
    """The table of some problems, none where there are none; of many the first, with how many there are."""
    more = f" (the first {most} of {len(problems):,})" if len(problems) > most else ""
    return [problem_table(problems[:most], f"{title}{more}")] if problems else []


EVENTS: Final = Column(key="events", heading="events", show=count, right=True)
MARKS: Final[Mapping[str, str | None]] = {
    **dict.fromkeys(("verified", "handshake", "mapped", "applied", "unchanged", "duplicate", "stale"), "ok"),
    **dict.fromkeys(("unsigned", "ignored", "nothing"), None),
    **dict.fromkeys(("refused",), "refused"),
    **dict.fromkeys(("unreadable", "failed", "unreachable"), "failed"),
}
"""The mark of each word that a delivery, an event or a run can end in."""

_STYLES: Final = {"failed": "red", "refused": "yellow", "warning": "yellow", "ok": "green"}


def _marked(text: str, mark: str | None) -> Any:
    from rich.text import Text  # here: see Table.rich

    return Text(text, style=_STYLES.get(mark or "", ""))


def _absent(value: Any) -> bool:
    """Whether it is None or one of pandas' ways to say so (they alone differ from themselves, or have no truth)."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA
        return True
