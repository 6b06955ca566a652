"""The way in: `workbench lab`, and a card for each notebook in JupyterLab's launcher."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from browser.lab_page import LabPage
from browser.serving import own_folders


def test_the_launcher_has_a_card_for_each_notebook(lab_page: LabPage) -> None:
    """Six cards in a section of their own; a press of Enter on one opens its notebook."""
    lab_page.open_launcher()
    cards = lab_page.page.locator('.jp-LauncherCard[data-category="Integration workbench"]')
    cards.first.wait_for()
    labels = cards.locator(".jp-LauncherCard-label").all_inner_texts()
    lab_page.picture("launcher")
    cards.first.press("Enter")
    lab_page.page.wait_for_selector(".jp-Notebook .jp-Cell")

    assert [label.strip() for label in labels] == [
        "1 · Explore events",
        "2 · Design mapping",
        "3 · Provision",
        "4 · Replay events",
        "5 · Audit trail",
        "6 · Report",
    ]
    assert lab_page.page.locator(".jp-Notebook h1").first.inner_text().startswith("1 ·")


def test_workbench_lab_listens_on_this_machine_alone(project: Path, tmp_path: Path) -> None:
    """It shows the project from any folder of it, on the loopback address, behind a token."""
    environment = os.environ | own_folders(tmp_path)
    command = [sys.executable, "-m", "workbench", "lab", str(project / "notebooks"), "--no-browser"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if found := list((tmp_path / "jupyter_runtime_dir").glob("jpserver-*.json")):
                break
            assert process.poll() is None
            time.sleep(0.1)
        told = json.loads(found[0].read_text())
    finally:
        process.terminate()
        process.wait(30)

    assert told["hostname"] == "127.0.0.1"
    assert told["url"].startswith("http://127.0.0.1:")
    assert Path(told["root_dir"]) == project
    assert told["token"]
