"""`wb.design`: write a mapping with its faults, completions and results beside it; the file on disk is the truth.

```
typing ─▶ text, numbered ─▶ check, preview of one event ─▶ parts and markers
                                 └─ then all events, in slices, until a newer text comes
```
The editor's code (CodeMirror) is sent to the page when it asks for it, so that a saved notebook does not carry it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from workbench.errors import MappingError, WorkbenchError
from workbench.events.delivery import Event
from workbench.faces.designer.views import Look, bar, coverage_html, draw, picture_html
from workbench.faces.markup import Html
from workbench.faces.panel import Panel
from workbench.flows.design import load_mapping
from workbench.flows.designing import Corpus, Draft
from workbench.flows.draft_run import DraftRun, run_draft
from workbench.flows.load import LoadedEvents
from workbench.mapping.compile import EventMapping

__all__ = ["Designer", "design"]

_BUNDLE = Path(__file__).parent / "bundle" / "editor.js"
_SLICE = 100  # events between two looks at whether a newer text came


def design(mapping: str | Path | EventMapping, events: LoadedEvents | Iterable[Event]) -> Designer:
    """A panel in which a mapping is written: faults and completions while typing, and what it makes of the events.

    Args:
        mapping: its file, or a mapping that was loaded from one; a file that is not there begins empty.
        events: to try it on; those that the mapping takes are shown.

    Raises:
        MappingError: the file cannot be read.
    """
    file = Path(mapping.document.file) if isinstance(mapping, EventMapping) else Path(mapping)
    return Designer(Draft(file, events.events if isinstance(events, LoadedEvents) else tuple(events)))


class Designer(Panel):
    """One mapping file in an editor; `draft` is what is written, `mapping` its compiled form."""

    _esm: ClassVar = Path(__file__).parent / "loader.js"
    draft: Draft

    def __init__(self, draft: Draft) -> None:
        actions: dict[str, Callable[[Mapping[str, str]], object]] = {
            "event": lambda values: self._choose(values["value"]),
            "save": lambda _: self.save(),
            "over": lambda _: self.save(over=True),
            "reload": lambda _: self.reload(),
            "values": lambda _: self._switch(reveal=not self.look.reveal),
            "diff": lambda _: self._switch(diff=not self.look.diff),
            "coverage": lambda _: self._cover(),
            "run": lambda _: self.run(),
        }
        super().__init__(f"Mapping {draft.file.name}", actions)
        self.draft = draft
        self.look = Look()
        self.ran: DraftRun | None = None
        self.corpus = Corpus()
        self._version = 0
        self._coverage = ""
        self._choose(draft.taken[0].id if draft.taken else "")

    @property
    def mapping(self) -> EventMapping:
        """The mapping as its file says it now: what the rest of the notebook works with.

        Raises:
            MappingSpecError: with every fault of the file.
        """
        return load_mapping(self.draft.file)

    @property
    def event(self) -> Event | None:
        """The event that is looked at."""
        return next((one for one in self.draft.taken if one.id == self.look.event), None)

    def write(self, text: str) -> None:
        """Take a new text of the draft: check it, show what it makes of the event, then of all."""
        self._version += 1
        self.draft.check(text)
        self._show()
        self._count()

    def save(self, *, over: bool = False) -> None:
        """Write the draft to its file.

        Raises:
            MappingError: somebody else changed the file meanwhile, and that was not to be overwritten.
        """
        try:
            self.draft.save(over=over)
        finally:
            self.look.outside = self.draft.changed_outside()
            self._show()
        self.say(f"Saved to {self.draft.file}.")
        self._count()

    def reload(self) -> None:
        """Take the file's text, and let go of the draft's."""
        self.look.outside = False
        self.send({"text": self.draft.reload()})
        self._show()
        self.say("Read again from the file.")
        self._count()

    def run(self) -> DraftRun:
        """Build the draft's bot, deploy it to a fresh sandbox, send it the event, and show what it wrote.

        Raises:
            MappingError: the draft has errors, or there is no event.
        """
        if self.event is None:
            message = "there is no event to run it on: none of those given is of a type that it takes"
            raise MappingError(message)
        self.say("Starting a sandbox, deploying the bot, sending the event …")
        self.ran = run_draft(self.draft, self.event)
        self.say(f"The bot on a fresh sandbox: {self.ran.row.outcome}.", failed=self.ran.row.outcome == "failed")
        self._show()
        return self.ran

    def picture(self) -> Html:
        """What the mapping makes of the events, without the editor."""
        errors = sum(problem.severity == "error" for problem in self.draft.problems)
        found = ", ".join(f"{many:,} {name}" for name, many in sorted(self.corpus.outcomes.items()))
        said = f"{errors} errors" if errors else found or "no event"
        return Html(text=f"{self.draft.file.name}: {said}", html=picture_html(self.draft, self.look, self.corpus))

    # -- what the browser says -----------------------------------------------------------------------------------------

    def _hear(self, widget: object, message: Mapping[str, Any], buffers: object) -> None:
        if "code" in message:
            self.send({"code": True, "text": self.draft.text}, [_editor()])
        elif "version" in message:
            self.write(str(message["text"]))
            self._mark(int(message["version"]))
        elif "ask" in message:
            self._answer(message)
        elif "poll" in message:
            self._poll()
        else:
            if message.get("text") is not None:
                self.draft.check(str(message["text"]))  # Ctrl+S may come before the pause after which it is told
            super()._hear(widget, message, buffers)

    def _answer(self, message: Mapping[str, Any]) -> None:
        start, found = self.draft.suggest(int(message["line"]), int(message["column"]), str(message["text"]))
        options = [{"label": one.label, "detail": one.detail, "type": one.kind, "apply": one.apply} for one in found]
        self.send({"answer": message["ask"], "start": start, "options": options})

    def _poll(self) -> None:
        """Notice a change of the file; where nothing was written here, it is taken over."""
        outside = self.draft.changed_outside()
        if outside and self.draft.text == self.draft.saved:
            self.reload()
        elif outside != self.look.outside:
            self.look.outside = outside
            self.parts = {**self.parts, "bar": bar(self.draft, self.look)}

    def _mark(self, version: int) -> None:
        """Send the markers of the text of this version; the browser passes over those of an older one."""
        marks = [
            {"line": one.line, "column": one.column or 1, "length": one.length or 1, "severity": one.severity,
             "message": f"{one.message}; {one.remedy}" if one.remedy else one.message}
            for one in self.draft.problems
            if one.line
        ]  # fmt: skip
        self.send({"marks": marks, "version": version})

    # -- what is shown ---------------------------------------------------------------------------------------------

    def _choose(self, event_id: str) -> None:
        self.look.event = event_id
        self.ran = None
        self._show()
        if not self.corpus.done:
            self._count()

    def _switch(self, **changes: bool) -> None:
        for name, value in changes.items():
            setattr(self.look, name, value)
        self._show()

    def _cover(self) -> None:
        self._coverage = coverage_html(self.draft)
        self._show()

    def _show(self) -> None:
        if self.event is None and self.draft.taken:
            self.look.event = self.draft.taken[0].id
        preview = self.draft.preview(self.event) if self.event else None
        self.parts = draw(self.draft, self.look, preview, self.corpus, self.ran) | {"coverage": self._coverage}

    def _count(self) -> None:
        """Go through all events in slices, as long as no newer text comes; at once where nobody could type."""
        slices, version = self.draft.corpus(_SLICE), self._version
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            for self.corpus in slices:
                pass
            self._show()
            return
        loop.call_later(0.01, self._next_slice, slices, version, loop)

    def _next_slice(self, slices: Iterator[Corpus], version: int, loop: asyncio.AbstractEventLoop) -> None:
        if version != self._version:
            return
        try:
            found = next(slices, None)
        except WorkbenchError as error:
            self.say(str(error), failed=True)
            return
        if found is None:
            return
        self.corpus = found
        self.parts = {**self.parts, "corpus": draw(self.draft, self.look, None, found, None)["corpus"]}
        loop.call_later(0.001, self._next_slice, slices, version, loop)


@cache
def _editor() -> bytes:
    """The editor's code, as it was built with the package.

    Raises:
        MappingError: it was not built.
    """
    if not _BUNDLE.is_file():
        message = "the editor was not built: run `python hatch_build.py` in the checkout, or install the wheel"
        raise MappingError(message)
    return _BUNDLE.read_bytes()
