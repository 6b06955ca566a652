"""A project folder, a JupyterLab on it, a Chromium, and pages that fail the test on what nobody may see.

```
project (a copy) ◀── lab (own port, own Jupyter folders) ◀── lab_page ── recorded requests, console errors
```
Without a Chromium these tests skip: `make test` brings Debian's where it may (`make .venv/.chromium`).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.lab_page import LIGHT, ROOT, Lab, LabPage
from browser.serving import serving

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-prefers-reduced-motion",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
]
DESKTOP = {"width": 1400, "height": 900}


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests; it resolves no name but the loopback address."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no chromium on PATH: install Debian's package chromium, or run `make test` as root where apt is")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, headless=True, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what an analyst has, in a folder with a space in its name."""
    folder = tmp_path_factory.mktemp("an analyst's") / "my project"
    for name in ("notebooks", "sample_events", "mappings"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="package")
def lab(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """JupyterLab on a free loopback port, knowing nothing of this user's own settings."""
    folder = tmp_path_factory.mktemp("jupyter")
    token = secrets.token_hex(8)
    quiet = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8")
    arguments = [
        *("--allow-root", "--ip=127.0.0.1", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
        *(f"--ServerApp.root_dir={project}", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True"),
    ]
    with serving(folder, "jupyterlab", *arguments, path=f"/api/status?token={token}") as address:
        yield Lab(address, token, project)


@pytest.fixture(scope="package")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go: `WORKBENCH_PICTURES` where it is set (`make pictures`), else a folder that is forgotten."""
    named = os.environ.get("WORKBENCH_PICTURES")
    folder = Path(named).resolve() if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def lab_page(browser: Browser, lab: Lab, pictures: Path) -> Iterator[LabPage]:
    """A fresh page on the lab, in the light theme; at the end nothing has left the machine and nothing complained."""
    context = browser.new_context(viewport=DESKTOP, permissions=["clipboard-read", "clipboard-write"])
    made = LabPage(page=context.new_page(), address=lab.address, token=lab.token, pictures=pictures)
    made.page.set_default_timeout(20_000)
    yield made
    if made.page.locator('body[data-jp-theme-light="false"]').count():
        made.theme(LIGHT)
    made.end()
    context.close()
    assert made.outside == []
    assert made.errors == []
