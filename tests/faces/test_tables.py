"""One description of a table, drawn for pages and for terminals."""

from __future__ import annotations

import io
from html.parser import HTMLParser

import pandas
import pytest
from rich.console import Console

from workbench.errors import Problem
from workbench.faces.tables import (
    Column,
    Table,
    count,
    frame_table,
    milliseconds,
    moment,
    problem_table,
    share,
    words,
)

NOTHING = (None, float("nan"), pandas.NaT, pandas.NA)


class Cells(HTMLParser):
    """The texts of a page, cell by cell."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []
        self.feed(page.replace("<wbr>", ""))

    def handle_starttag(self, tag: str, attrs: list) -> None:
        """Note each tag."""
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Note each text that is not white space."""
        if data.strip():
            self.texts.append(data.strip())


@pytest.mark.parametrize(
    ("show", "value", "expected"),
    [
        (count, 1234567, "1,234,567"),
        (milliseconds, 9_999.4, "9,999 ms"),
        (milliseconds, 10_000, "10.0 s"),
        (share, 0, "0 %"),
        (share, 0.985, "98.5 %"),
        (share, 0.9999, ">99.9 %"),
        (moment, pandas.Timestamp("2026-11-23T08:30:59Z"), "2026-11-23 08:30"),
        (words, ["a", "b"], "a, b"),
        *[(show, value, "") for show in (count, milliseconds, share, moment, words) for value in NOTHING],
    ],
)
def test_values_are_shown_as_a_person_would_say_them(show: object, value: object, expected: str) -> None:
    """Each kind of value has one way to be written, and nothing is an empty cell."""
    assert callable(show)
    assert expected == show(value)


def test_a_page_and_a_terminal_show_the_same_cells() -> None:
    """The description is one, so the faces cannot differ."""
    frame = pandas.DataFrame({"kind": ["invoice.paid", "invoice.paid"], "n": [1200, 3], "state": ["ok", "failed"]})
    columns = [
        Column(key="kind", heading="event type", group=True),
        Column(key="n", heading="events", show=count, mark="state"),
    ]
    table = frame_table(frame, "Events", columns)
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table.rich())

    page, terminal = Cells(table.html()).texts, console.export_text().split()
    assert page == ["Events", "event type", "events", "invoice.paid", "1,200", "invoice.paid", "3"]
    assert " ".join(page).split() == terminal
    assert str(table) == "Events: 2 row(s)"


def test_what_a_cell_holds_cannot_become_markup() -> None:
    """Text is text, whatever it looks like."""
    table = Table(
        title="<b>T</b>", columns=(Column(key="a", heading="<i>"),), records=[{"a": "<script>alert(1)</script>"}]
    )
    page = Cells(table.html())

    assert {"script", "b", "i"}.isdisjoint(page.tags)
    assert "<script>alert(1)</script>" in page.texts


def test_a_long_name_breaks_between_its_words() -> None:
    """On a phone a column is narrow: a name is broken behind its dots, low lines and slashes, as text it is whole."""
    name = "customer.tax_id.created"
    page = frame_table(pandas.DataFrame({"a": [name]}), "Types", [Column(key="a", heading="a")]).html()

    assert "customer.<wbr>tax_<wbr>id.<wbr>created" in page
    assert name in Cells(page).texts


def test_a_table_without_rows_says_so() -> None:
    """No heading stands above nothing."""
    table = frame_table(
        pandas.DataFrame({"a": []}), "Incidents", [Column(key="a", heading="a")], empty="nothing failed"
    )

    assert Cells(table.html()).texts == ["Incidents", "nothing failed"]


def test_problems_are_listed_with_place_and_remedy_errors_first() -> None:
    """A warning stands below the errors; a problem without a file is placed by its path."""
    problems = [
        Problem(message="never fires", path="resources.a", severity="warning"),
        Problem(message="unknown element", file="x.yaml", line=3, column=7, remedy="did you mean status?"),
    ]

    assert Cells(problem_table(problems).html()).texts[4:] == [
        "x.yaml:3:7",
        "unknown element",
        "did you mean status?",
        "resources.a",
        "never fires",
    ]
