"""What every panel is: parts of HTML in the browser, buttons that call Python, a picture for where neither is.

```
flows ──▶ parts (HTML by our templates) ──▶ panel.js draws ── pressed ──▶ an action of the panel ──▶ flows
      └─▶ picture: the same parts without buttons, for a saved notebook, a report, a run without a browser
```
A panel that is shown puts two outputs into the notebook: its picture, and itself. Where it is alive the picture is
hidden; in a saved notebook, whose widgets are gone, the picture is what is seen. Nothing lives in a panel alone: it
can be made again from the files and the server at any time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

from workbench.errors import WorkbenchError
from workbench.faces.markup import Html, render

__all__ = ["Panel", "Pressed"]

Pressed = Callable[[Mapping[str, str]], object]  # what a press does, given the fields of its form, or `value`


class Panel(anywidget.AnyWidget):
    """A panel: `parts` are what it shows, `said` is its last word, `busy` while Python works."""

    _esm: ClassVar = Path(__file__).parent / "panel.js"
    label = traitlets.Unicode().tag(sync=True)  # what a screen reader calls it
    parts = traitlets.Dict().tag(sync=True)  # name -> HTML, in the order they stand
    said = traitlets.Unicode().tag(sync=True)
    failed = traitlets.Bool().tag(sync=True)  # whether what was said is a failure
    busy = traitlets.Bool().tag(sync=True)

    def __init__(self, label: str, actions: Mapping[str, Pressed]) -> None:
        super().__init__(label=label)
        self._actions = dict(actions)
        self.on_msg(self._hear)

    def picture(self) -> Html:
        """What it shows now, without its buttons."""
        raise NotImplementedError

    def say(self, text: str, *, failed: bool = False) -> None:
        """Make this the panel's last word; one that tells of progress."""
        self.failed = failed
        self.said = text

    def press(self, action: str, values: Mapping[str, str] | None = None) -> None:
        """Do what a button does; an error of ours is what the panel then says."""
        self.busy = True
        try:
            self._actions[action](values or {})
        except WorkbenchError as error:
            self.say(str(error), failed=True)
        except Exception as error:
            self.say(f"{action}: {type(error).__name__}; the notebook's log says where", failed=True)
            raise
        finally:
            self.busy = False

    def _hear(self, _: object, message: Mapping[str, Any], __: object) -> None:
        if message.get("action") in self._actions:
            self.press(message["action"], {str(key): str(value) for key, value in message.get("values", {}).items()})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.picture().text})"

    def _ipython_display_(self, **_: object) -> None:
        from IPython.display import display

        drawn = self.picture()
        bundle = dict(drawn._repr_mimebundle_())
        bundle["text/html"] = render("picture", html=drawn.html)
        display(bundle, raw=True)  # type: ignore[no-untyped-call]
        widget = super()._repr_mimebundle_()
        if widget:
            data, metadata = widget
            display(data | {"text/plain": self.label}, metadata=metadata, raw=True)  # type: ignore[no-untyped-call]
