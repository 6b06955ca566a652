"""The documentation site: Sphinx over these Markdown pages, offline, with three reference pages written from the code.

`make site` builds it into `build/site`; `tests/test_site.py` builds it too, and a warning fails the build.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

from reference_pages import write_reference  # noqa: E402 — a module of this folder, which Sphinx does not put on the path

project = "Integration workbench"
author = "Integration workbench maintainers"
copyright = "Integration workbench maintainers"  # noqa: A001 — Sphinx's own name
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["deflist"]
myst_heading_anchors = 3
exclude_patterns = ["build"]
html_theme = "furo"
html_title = "Integration workbench"
html_show_sourcelink = False
html_copy_source = False
autodoc_typehints = "description"
autodoc_member_order = "bysource"
default_role = "code"  # a docstring's `name` is code
napoleon_custom_sections = [("Source", "notes_style")]


def setup(app: Any) -> None:
    """Write the pages that come from the code before the pages are read."""
    app.connect("builder-inited", lambda builder: write_reference(DOCS / "reference"))
