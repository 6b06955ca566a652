"""What stands beside the editor, as HTML: controls, faults, what comes of one event and of all, the difference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.faces.event_views import coverage_view
from workbench.faces.markup import render
from workbench.faces.trees import tree
from workbench.flows.designing import Corpus, Draft, Preview
from workbench.flows.draft_run import DraftRun

__all__ = ["Look", "bar", "coverage_html", "draw", "picture_html"]

_MOST = 12


@dataclass(slots=True)
class Look:
    """What is looked at, and how."""

    event: str = ""
    reveal: bool = False
    diff: bool = False
    outside: bool = False  # the file was changed by somebody else


def draw(draft: Draft, look: Look, preview: Preview | None, corpus: Corpus, ran: DraftRun | None) -> dict[str, str]:
    """Give the parts beside the editor by name, in their order."""
    return {
        "bar": bar(draft, look),
        "problems": _part("problems", problems=draft.problems[:50], more=max(0, len(draft.problems) - 50)),
        "diff": _part("diff", lines=draft.difference()) if look.diff else "",
        "made": _made(look, preview, broken=draft.mapping is None),
        "corpus": _part("corpus", corpus=corpus, said=corpus.problems.most_common(_MOST), most=_MOST),
        "ran": _ran(look, ran) if ran else "",
        "event": _event(look, preview),
    }


def bar(draft: Draft, look: Look) -> str:
    """Give the controls, and how the draft stands to its file."""
    state = "changed outside" if look.outside else "unsaved" if draft.text != draft.saved else "saved"
    events = [(one.id, f"{one.type} · {one.id}") for one in draft.taken[:500]]
    return _part("bar", look=look, state=state, events=events, file=draft.file.name, more=len(draft.taken) - 500)


def coverage_html(draft: Draft) -> str:
    """Give what nothing reads and what never fired, over all events."""
    found = draft.coverage()
    if found is None:
        return ""
    return _part("coverage", tables=[part.html() for part in coverage_view(found, False)])  # type: ignore[operator]


def picture_html(draft: Draft, look: Look, corpus: Corpus) -> str:
    """Give the mapping's text with what it makes of the events: for a saved notebook."""
    corpus_part = _part("corpus", corpus=corpus, said=corpus.problems.most_common(_MOST), most=_MOST)
    problems = _part("problems", problems=draft.problems[:50], more=max(0, len(draft.problems) - 50))
    return _part("picture", file=draft.file, text=draft.text, problems=problems, corpus=corpus_part)


def _made(look: Look, preview: Preview | None, *, broken: bool) -> str:
    """Give the resources of the event leaf by leaf: what set it, what it read, and its line."""
    if preview is None:
        return _part("nothing", broken=broken)
    trace = preview.result.trace if preview.result else ()
    rules: dict[str, list[Mapping[str, Any]]] = {}
    for step in trace:
        if step.target and step.gave != "nothing" and step.rule:
            rules.setdefault(step.rule, []).append(
                {
                    "target": step.target.partition(".")[2] or step.target,
                    "value": _shown(step.value, look.reveal),
                    "reads": step.reads,
                    "line": step.line,
                }
            )
    made = preview.result.resources if preview.result else ()
    trees = [
        {
            "rule": one.rule,
            "kind": one.resource["resourceType"],
            "mode": one.write,
            "leaves": rules.get(one.rule, ()),
            "tree": tree(one.resource, title=one.resource["resourceType"], reveal=look.reveal, depth=1).html,
        }
        for one in made
    ]
    return _part("made", rules=trees, problems=preview.problems[:20], event=preview.event)


def _event(look: Look, preview: Preview | None) -> str:
    if preview is None:
        return ""
    drawn = tree(preview.event.payload, title=preview.event.type, reveal=look.reveal, depth=1)
    return _part("event", tree=drawn.html)


def _ran(look: Look, ran: DraftRun) -> str:
    trees = [
        tree(one, title=f"{one['resourceType']}/{one['id']}", reveal=look.reveal, depth=1).html for one in ran.resources
    ]
    return _part("ran", row=ran.row, trees=trees)


def _shown(value: Any, reveal: bool) -> str:
    """Give a value as JSON, or what kind of value it is."""
    if reveal:
        text = json.dumps(value, ensure_ascii=False, default=str)
        return text if len(text) <= 160 else f"{text[:159]}…"
    if isinstance(value, str):
        return f"text, {len(value)} characters"
    kinds = ((bool, "true or false"), (int | float, "number"), (list, "list"), (dict, "object"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "nothing")


def _part(part: str, **values: Any) -> str:
    return render("designer", part=part, **values)
