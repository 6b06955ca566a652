"""A browser page on a JupyterLab, and what a test asks of it: run, look, judge, take a picture.

Chromium can resolve no name but the loopback address, so a request that would leave the machine fails, is recorded and
fails the test; so do console errors and cells that ended in an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Locator, Page, Request

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
DARK, LIGHT = "JupyterLab Dark", "JupyterLab Light"
LOCAL = re.compile(r"^(?:(?:https?|wss?)://(?:127\.0\.0\.1|localhost)[:/]|data:|blob:|about:)")
# Lab's debugger complains when a kernel is shut down while it asks about it
NOISE = re.compile(r"^Could not restore the debugger state: Canceled future")

# Lab says "idle" before its kernel is connected; only its session context knows (shared/ux-research.md, B2, pitfall 1).
READY = """async (shutDown) => {
  const app = window.jupyterapp;
  await app.restored;
  for (let round = 0; round < 900; round++) {
    const context = app.shell.currentWidget && app.shell.currentWidget.sessionContext;
    if (context) {
      if (shutDown) { await context.shutdown(); return; }
      await context.ready;
      const kernel = context.session && context.session.kernel;
      if (kernel && kernel.status === 'idle') return;
    }
    await new Promise(resolve => setTimeout(resolve, 100));
  }
  throw new Error('no kernel after 90 seconds');
}"""
COMMAND = "async ([name, options]) => { await window.jupyterapp.commands.execute(name, options || {}); }"
JUDGE = """async ([selector, rules]) => {
  const found = await axe.run(selector, rules ? {runOnly: rules} : {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa']});
  return found.violations.map(each => `${each.id}: ` + each.nodes.map(
    node => `${node.target.join(' ')} (${(node.any[0] || node.all[0] || node.none[0] || {}).message})`).join('; '));
}"""


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab and the project folder that it shows."""

    address: str  # http://127.0.0.1:…, without a slash at the end
    token: str
    project: Path


@dataclass
class LabPage:
    """One page; `requests` and `errors` are whatever it asked for and complained of since it was opened."""

    page: Page
    address: str  # http://127.0.0.1:…, without a slash at the end
    token: str
    pictures: Path
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()  # words of the errors that this page is about to bring, late ones included

    def __post_init__(self) -> None:
        """Listen before anything is loaded."""
        self.page.on("request", self._requested)
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("console", self._told)
        self.page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))

    def _requested(self, request: Request) -> None:
        self.requests.append(request.url)

    def _told(self, message: ConsoleMessage) -> None:
        known = NOISE.search(message.text) or any(words in message.text for words in self.expected)
        if message.type == "error" and not known:
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    @property
    def outside(self) -> list[str]:
        """Give the requests that would have left this machine."""
        return [url for url in self.requests if not LOCAL.match(url)]

    def open(self, path: str) -> None:
        """Open a notebook of the project, and wait until its kernel is there."""
        self.page.goto(f"{self.address}/lab/tree/{path}?reset&token={self.token}", wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=90_000)
        self.page.evaluate(READY, False)

    def open_launcher(self) -> None:
        """Open the lab without a notebook: its launcher."""
        self.page.goto(f"{self.address}/lab?reset&token={self.token}", wait_until="domcontentloaded")
        self.page.wait_for_selector(".jp-Launcher", timeout=90_000)

    def command(self, name: str, **options: Any) -> None:
        """Execute one of JupyterLab's commands and wait for its end."""
        self.page.evaluate(COMMAND, [name, options])

    def run_first(self, cells: int) -> None:
        """Run the first cells one after the other, those of text included."""
        for _ in range(cells):
            self.command("notebook:run-cell-and-select-next")
        self.expect_no_failed_cell()

    def run_rest(self) -> None:
        """Run the selected cell and all below it."""
        self.command("notebook:run-all-below")
        self.expect_no_failed_cell()

    def run_all(self) -> None:
        """Run every cell; fail with what a cell said when it ended in an error."""
        self.command("notebook:run-all-cells")
        self.expect_no_failed_cell()

    def expect_no_failed_cell(self) -> None:
        """Fail with the traceback of the first cell that ended in an error."""
        failed = self.page.locator('.jp-Notebook [data-mime-type="application/vnd.jupyter.error"]')
        assert failed.count() == 0, failed.first.inner_text()

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme and wait until it is applied."""
        self.command("apputils:change-theme", theme=name)
        light = "true" if name == LIGHT else "false"
        self.page.wait_for_selector(f'body[data-jp-theme-light="{light}"]', state="attached")

    def judge(self, selector: str, *rules: str) -> list[str]:
        """What axe-core finds wrong inside an element: WCAG A and AA, or only the rules that are named."""
        if not self.page.evaluate("typeof axe !== 'undefined'"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        return list(self.page.evaluate(JUDGE, [selector, list(rules) or None]))

    def picture(self, name: str, of: Locator | None = None) -> Path:
        """Keep a picture of the page, or of one element whole, in the folder of pictures."""
        path = self.pictures / f"{name}.png"
        if of is None:
            self.page.screenshot(path=path)
            return path
        size = self.page.viewport_size or {"width": 1400, "height": 900}
        self.page.set_viewport_size({"width": size["width"], "height": 4000})  # Lab scrolls within the page
        of.screenshot(path=path)
        self.page.set_viewport_size(size)
        return path

    def end(self) -> None:
        """Shut the notebook's kernel down, so that it keeps no memory and no sandbox."""
        if self.page.evaluate("typeof window.jupyterapp !== 'undefined'"):
            self.page.evaluate(READY, True)
