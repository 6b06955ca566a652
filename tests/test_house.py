"""The house rules that a machine can hold: sizes, names, docstrings, exports, and what the documents promise."""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from pathlib import Path

import pytest
import yaml

import workbench as wb

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "workbench").rglob("*.py"))
CODE = [path for path in MODULES if path.name != "__init__.py"]
SCRIPTS = [
    path
    for pattern in ("*.ts", "*.js", "*.mjs")
    for path in sorted((ROOT / "workbench").rglob(pattern))
    if "bundle" not in path.parts and "definitions" not in path.parts
]
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "base", "core", "misc"}
MAX_PUBLIC_NAMES = 20


def name_of(path: Path) -> str:
    """Give a file's name as the project's folder knows it."""
    return str(path.relative_to(ROOT))


def functions_of(path: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Give every function of a module, methods and inner ones included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=name_of)
def test_a_module_is_a_screen_or_two_of_one_idea(path: Path) -> None:
    """No module, Python or JavaScript, passes 300 lines."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_MODULE_LINES


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_function_fits_on_a_screen(path: Path) -> None:
    """No function passes 40 lines, its docstring not counted."""
    long = {}
    for function in functions_of(path):
        first = function.body[0]
        documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
        length = (function.end_lineno or 0) - function.lineno + 1 - docstring
        if length > MAX_FUNCTION_LINES:
            long[function.name] = length
    assert long == {}


@pytest.mark.parametrize("path", [*MODULES, *SCRIPTS], ids=name_of)
def test_names_are_nouns_of_the_field(path: Path) -> None:
    """No folder or module is called utils, helpers, manager, common, base or core."""
    parts = {part.lstrip("_") for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & FORBIDDEN_NAMES == set()


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_a_module_says_what_it_exports(path: Path) -> None:
    """Every module has a docstring and an `__all__` whose names it defines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    if path.name == "__main__.py":
        return
    exported = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets)
    ]
    assert len(exported) == 1
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    for node in tree.body:
        assigned = [node.target] if isinstance(node, ast.AnnAssign) else getattr(node, "targets", [])
        defined |= {target.id for target in assigned if isinstance(target, ast.Name)}
        if isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {alias.asname or alias.name for alias in node.names}
        if isinstance(node, ast.TypeAlias if hasattr(ast, "TypeAlias") else ()):
            defined.add(node.name.id)
    assert set(exported[0]) - defined == set()


def test_nothing_is_swallowed() -> None:
    """A handler of everything raises again, in every module."""
    swallowed = []
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.ExceptHandler):
                continue
            caught = node.type.id if isinstance(node.type, ast.Name) else None
            broad = node.type is None or caught in {"Exception", "BaseException"}
            if broad and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node)):
                swallowed.append(f"{name_of(path)}:{node.lineno}")
    assert swallowed == []


def test_tests_mirror_the_package() -> None:
    """Every test module stands in a folder named as the package's own, or is about a document or the house."""
    folders = {path.parent.relative_to(ROOT / "workbench") for path in MODULES}
    ours = {Path("notebooks"), Path("mappings"), Path("browser")}
    strays = [
        name_of(path)
        for path in (ROOT / "tests").rglob("test_*.py")
        if path.parent.relative_to(ROOT / "tests") not in folders | ours
    ]
    assert strays == []


def test_the_public_surface_is_small_and_documented() -> None:
    """At most 20 public names, each importable, each with a docstring, each named in the README."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(wb.__all__) <= MAX_PUBLIC_NAMES
    assert [name for name in wb.__all__ if not (getattr(wb, name).__doc__ or "").strip()] == []
    assert [name for name in wb.__all__ if f"`wb.{name}" not in readme] == []


def test_conda_users_get_the_same_package() -> None:
    """`environment.yml` installs this checkout, on a Python that `pyproject.toml` allows, and names nothing twice."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    conda = [item for item in environment["dependencies"] if isinstance(item, str)]
    pip = [item for item in environment["dependencies"] if isinstance(item, dict)]

    assert environment["name"] == project["name"]
    assert f"python{project['requires-python']}" in conda
    assert pip == [{"pip": ["--editable ."]}]
    # pip reads the dependencies from pyproject: one named here as well could only disagree
    required = {re.split(r"[<>=\[ ]", line)[0] for line in project["dependencies"]}
    assert {re.split(r"[<>=]", line)[0] for line in conda} & required == set()


def names_in(requirements: list[str]) -> set[str]:
    """Give the packages that requirements name, as a lock writes them."""
    return {re.split(r"[<>=\[ ]", line)[0].lower().replace("_", "-") for line in requirements}


def pinned_in(lock: str) -> dict[str, set[str]]:
    """Give the versions that a lock pins of each package; several where the platform decides."""
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([a-z0-9.-]+)==(\S+)", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE):
        pinned.setdefault(name, set()).add(version)
    return pinned


def test_the_lock_holds_every_dependency() -> None:
    """Each dependency of `pyproject.toml`, for use and for development, is pinned with hashes in the lock."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = [*configuration["project"]["dependencies"], *configuration["dependency-groups"]["dev"]]
    assert names_in(wanted) - set(pinned_in("requirements.lock")) == set()


def test_the_oracles_have_a_lock_that_changes_nothing() -> None:
    """The libraries that only the tests need are pinned too, beside the very versions that `requirements.lock` pins."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    locked, oracles = pinned_in("requirements.lock"), pinned_in("requirements-oracles.lock")

    assert names_in(configuration["dependency-groups"]["oracles"]) - set(oracles) == set()
    assert {name: versions for name, versions in oracles.items() if not versions <= locked.get(name, versions)} == {}


def test_no_file_names_a_registry() -> None:
    """No lock names the host it was resolved from, so any mirror serves them."""
    for name in ("requirements.lock", "requirements-oracles.lock", "package-lock.json"):
        text = (ROOT / name).read_text(encoding="utf-8")
        assert re.findall(r"https?://[^\s\"]+\.(?:whl|tgz|tar\.gz)", text) == []


def test_every_layer_is_importable() -> None:
    """Each module of the package imports by itself."""
    for path in MODULES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[-1] == "__main__":
            continue
        importlib.import_module(".".join(part for part in parts if part != "__init__"))
