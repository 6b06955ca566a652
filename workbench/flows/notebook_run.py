"""A parameterised notebook, run by papermill: its parameters checked first, its failures told as what they were.

papermill only warns about an unknown parameter, keeps every value in its output, and marks the cell in which a
kernel died as completed. So all of that is settled here.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from workbench import errors
from workbench.errors import ReportError

__all__ = ["check_parameters", "run_notebook"]

_SECRET_NAME: Final = re.compile(r"secret|passw|token|credential|api_?key|private|authorization|bearer", re.IGNORECASE)
_SECRET_VALUE: Final = re.compile(r"^(?:whsec_|sk_(?:live|test)_|rk_|Bearer |Basic |SSWS |eyJ)|://[^/@\s]+:[^/@\s]+@")
_KINDS: Final[Mapping[str, type]] = {"int": int, "float": float, "bool": bool, "str": str}
_TRUTHS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def check_parameters(notebook: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters for a notebook, each text turned into the type that the notebook annotates.

    Raises:
        ReportError: the notebook is missing or no notebook; or all at once: unknown names, names or values that look
            like secrets (they would be written into the executed notebook), values of the wrong type.
    """
    known = _inspect(notebook)
    faults, checked = [], {}
    for name, value in given.items():
        if _SECRET_NAME.search(name):
            faults.append(
                f"{name}: looks like a secret, and the executed notebook would keep it; set it in the environment"
            )
        elif name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known) or 'none'}"
            faults.append(f"{name}: is no parameter of the notebook; {hint}")
        elif isinstance(value, str) and _SECRET_VALUE.search(value):
            faults.append(f"{name}: its value looks like a secret; set it in the environment")
        else:
            try:
                checked[name] = _convert(value, known[name])
            except ValueError:
                faults.append(f"{name}: is no {known[name]}; the notebook annotates it so")
    if faults:
        raise ReportError("\n".join(f"{notebook.name}: parameter {fault}" for fault in faults))
    return checked


def run_notebook(notebook: Path, output: Path, parameters: Mapping[str, Any], *, timeout_seconds: int) -> None:
    """Run a notebook with these parameters in its own folder, and keep it, executed, as `output`.

    Args:
        timeout_seconds: of any one cell.

    Raises:
        ReportError: a cell failed or took too long, or the kernel died; `output` shows how far it came.
    """
    import papermill  # here: half a second that only a report pays
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError
    from traitlets.config import Config

    output.parent.mkdir(parents=True, exist_ok=True)
    kept = f"{output} shows how far it came"
    try:
        papermill.execute_notebook(
            str(notebook),
            str(output),
            parameters=dict(parameters),
            cwd=str(notebook.parent.resolve()),  # as JupyterLab does: its relative paths mean the same there and here
            progress_bar=False,
            log_output=False,
            execution_timeout=timeout_seconds,
            store_widget_state=False,
            # sockets of files instead of TCP: no other user of the machine can connect to the kernel
            config=Config({"KernelManager": {"transport": "ipc"}}),
        )
    except PapermillExecutionError as error:
        message = f"{notebook.name}: cell {error.exec_count} failed with {error.ename}{_own_words(error)}; {kept}"
        raise ReportError(message) from None
    except CellTimeoutError:
        message = f"{notebook.name}: a cell took longer than {timeout_seconds} s; narrow the span or allow more; {kept}"
        raise ReportError(message) from None
    except DeadKernelError:
        message = f"{notebook.name}: the kernel died, as it does when memory runs out; narrow the span; {kept}"
        raise ReportError(message) from None


def _inspect(notebook: Path) -> dict[str, str]:
    """The notebook's parameters, each with the name of its annotated type."""
    import papermill  # here: see run_notebook

    if not notebook.is_file():
        message = f"{notebook}: does not exist; give the path of a notebook"
        raise ReportError(message)
    try:
        found = papermill.inspect_notebook(str(notebook))
    except Exception as error:  # papermill, nbformat and json each have their own ways to say the same
        message = f"{notebook}: is no notebook that papermill can read ({type(error).__name__}); open it in JupyterLab"
        raise ReportError(message) from error
    return {name: str(about["inferred_type_name"]) for name, about in found.items()}


def _convert(value: Any, kind: str) -> Any:
    """A text from a command line as the annotated type; anything else as it is.

    >>> _convert("7", "int"), _convert("no", "bool"), _convert("7d", "str")
    (7, False, '7d')
    """
    plain = kind.removesuffix(" | None")
    if not isinstance(value, str) or plain not in _KINDS:
        return value
    if value == "" and plain != kind:
        return None
    if plain == "bool":
        if value.lower() not in _TRUTHS:
            raise ValueError
        return _TRUTHS[value.lower()]
    return _KINDS[plain](value)


def _own_words(error: Any) -> str:
    """What an error of our own says, for it holds no value; of any other only its class is told."""
    return f": {error.evalue}" if error.ename in errors.__all__ else ""
