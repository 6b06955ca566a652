"""Many expressions in one function: how a mapping uses the writers."""

from __future__ import annotations

import pytest

from workbench.mapping.expression import parse
from workbench.mapping.expression.faults import FaultError
from workbench.mapping.expression.python_runtime import runtime_names
from workbench.mapping.expression.writer import Helper, JavaScriptWriter, PythonWriter, Scope, Slot

SCOPE = {"context": "event", "this": "event", "whole": "event", "raw": True}


def test_leaves_share_what_they_read() -> None:
    """Two leaves of one function read their common beginning once, and nothing is None."""
    writer = PythonWriter()
    scope = Scope(**SCOPE)
    leaves = [writer.leaf(parse(text), scope) for text in ("data.object.id", "data.object.total", "data.nothing.there")]
    body = "\n".join(writer.lines)
    names = runtime_names()
    exec(f"def leaves(event):\n{body}\n    return [{', '.join(leaves)}]", names)

    assert body.count("event.get('data')") == 1
    assert body.count(".get('object')") == 1
    assert names["leaves"]({"data": {"object": {"id": "in_1", "total": None}}}) == ["in_1", None, None]


def test_variables_and_helpers_are_the_callers() -> None:
    """A variable is the caller's local, a helper the caller's function; both languages write the same calls."""
    helpers = {"money": Helper(runtime="money", javascript="money", least=2, most=2)}
    found = []
    for writer in (PythonWriter(helpers=helpers), JavaScriptWriter(helpers=helpers)):
        scope = Scope(**SCOPE, variables={"line": Slot(code="line", raw=True, absent=True)})
        found.append(writer.leaf(parse("$money($line.amount, currency)"), scope))

    assert found == ["money(t1, t2)", "money(t1, t2)"]


@pytest.mark.parametrize(
    ("text", "message"),
    [("$money(1)", "$money takes 2 arguments, not 1"), ("$map(a, $money)", "$money can only be called")],
)
def test_a_helper_is_called_as_it_must_be(text: str, message: str) -> None:
    """A helper with the wrong number of arguments, or used as a value, is refused where it stands."""
    writer = PythonWriter(helpers={"money": Helper(runtime="money", javascript="money", least=2, most=2)})
    with pytest.raises(FaultError, match=message.replace("$", r"\$")):
        writer.leaf(parse(text), Scope(**SCOPE))


def test_a_branch_shares_nothing_with_what_follows() -> None:
    """What is read inside a branch is read again behind it, since the branch may not have run."""
    writer = PythonWriter()
    scope = Scope(**SCOPE)
    writer.leaf(parse("a ? b.c.d : 1"), scope)
    writer.leaf(parse("b.c.d"), scope)

    assert "\n".join(writer.lines).count("event.get('b')") == 2
