"""Every shipped scenario converges, here and by the bot; a mapping that does not is told, with its line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from workbench.flows.converge import converge
from workbench.flows.integrations import LoadedIntegration, load_integration
from workbench.flows.replay_selection import ReplayRequest, Selected, select_deliveries

ROOT = Path(__file__).parents[2]
SCENARIOS = sorted((ROOT / "sample_events/scenarios").glob("*.yaml"))


def selected_of(path: Path) -> list[Selected]:
    """The deliveries of a scenario or folder."""
    return select_deliveries(ReplayRequest(events=str(path)))


@pytest.fixture(scope="module")
def shipped() -> dict[str, LoadedIntegration]:
    """The shipped integrations by provider."""
    return {name: load_integration(ROOT / f"mappings/{name}/integration.yaml") for name in ("stripe", "okta")}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.stem)
def test_every_shipped_scenario_converges(scenario: Path, shipped: dict[str, LoadedIntegration]) -> None:
    """In every order up to six deliveries, in hundreds beyond, with repetitions; two of them by the bot itself."""
    selected = selected_of(scenario)
    provider = next(each.judged.provider for each in selected if each.judged.provider)

    found = converge(selected, shipped[provider], confirm=2)

    assert found.ok, (found.pair, found.places, found.disagreements)
    assert found.confirmed == 2
    assert found.orders >= 2
    assert found.resources >= 1


def test_all_samples_together_converge(shipped: dict[str, LoadedIntegration]) -> None:
    """Every Stripe sample in two hundred orders."""
    found = converge(selected_of(ROOT / "sample_events/stripe"), shipped["stripe"], confirm=0, most=200)

    assert found.ok, (found.pair, found.paths, found.places)
    assert found.resources > 40


def test_the_first_pair_and_the_line_at_fault_are_named(tmp_path: Path) -> None:
    """Without an order the invoice ends as its last event says; the bot confirms that it does."""
    shutil.copytree(ROOT / "sample_events", tmp_path / "sample_events")
    folder = tmp_path / "mappings/stripe"
    folder.mkdir(parents=True)
    (folder / "integration.yaml").write_text(
        "integration: a\nprovider: stripe\nmappings: [plain]\nsecrets: [{name: S, environment: NO_SUCH_VARIABLE}]\n"
    )
    (folder / "plain.yaml").write_text(
        "mapping: plain\nversion: 1\nprovider: stripe\nevents: ['invoice.*']\nresources:\n  invoice:\n"
        "    identity: {system: 'https://stripe.com/invoice/id', value: =data.object.id}\n"
        "    resource:\n      resourceType: Invoice\n      status: issued\n      note:\n        - text: =type\n"
    )

    found = converge(
        selected_of(ROOT / "sample_events/scenarios/out-of-order.yaml"), load_integration(folder / "integration.yaml")
    )

    assert not found.ok
    assert found.disagreements == ()  # the bot leaves just what was settled here, in each order
    assert found.paths == ("Invoice.note[0].text",)
    assert found.places == (f"{folder / 'plain.yaml'}:12",)
    assert all("invoice." in name for name in found.pair)
    assert len(set(found.pair)) == 2
