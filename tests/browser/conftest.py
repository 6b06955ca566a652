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
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from browser.lab_page import LIGHT, ROOT, LabPage

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


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab and the project folder that it shows."""

    address: str
    token: str
    project: Path


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
    token, port = secrets.token_hex(8), _free_port()
    quiet = folder / "settings/@jupyterlab/apputils-extension/notification.jupyterlab-settings"
    quiet.parent.mkdir(parents=True)
    quiet.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8")
    with (folder / "lab.log").open("w") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1"),
                *(f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"),
                *(f"--ServerApp.root_dir={project}", "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True"),
            ],
            env=os.environ | _own_folders(folder),
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_for(f"{address}/api/status?token={token}", process, folder / "lab.log")
        yield Lab(address, token, project)
    finally:
        process.terminate()  # it shuts its kernels down, and each kernel its sandbox
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:  # a kernel that was just starting keeps it; that ends by itself
            process.kill()
            process.wait()


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


def _own_folders(folder: Path) -> dict[str, str]:
    """Give Jupyter's folders for configuration, data, runtime files, settings and layouts, all below one."""
    names = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "JUPYTERLAB_WORKSPACES_DIR")
    own = {name: str(folder / name.lower()) for name in names}
    return own | {"JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"), "JUPYTER_PREFER_ENV_PATH": "1"}


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the address answers; fail with the end of the log when the process ended, or after a minute."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            assert process.poll() is None, log.read_text()[-2000:]
            time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])
