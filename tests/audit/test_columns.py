"""The columns of an audit row and the questions asked of them."""

from __future__ import annotations

from importlib import resources

import pytest

from workbench.audit.columns import COLUMNS, read_sql

QUESTIONS = sorted(
    file.name.removesuffix(".sql") for file in resources.files("workbench.audit").joinpath("sql").iterdir()
)


def test_every_column_has_a_name_of_its_own_and_says_what_it_means() -> None:
    """Nobody has to guess."""
    assert len({column.name for column in COLUMNS}) == len(COLUMNS)
    assert [column.name for column in COLUMNS if len(column.meaning) < 5] == []


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_begins_with_what_it_gives_back(name: str) -> None:
    """The SQL is documentation too."""
    assert read_sql(name).startswith("-- ")
