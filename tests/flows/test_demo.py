"""The whole story, on the samples and on events that were not made for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from workbench.errors import WorkbenchError
from workbench.flows.demo import STEPS, Demo, Step
from workbench.flows.project import find_project
from workbench.sandbox.lifecycle import find_sandbox

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "sample_events/stripe"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Demo, list[Step]]:
    """Tell the story once, with the project's own samples."""
    demo = Demo(find_project(ROOT), data=tmp_path_factory.mktemp("demo") / "box")
    return demo, list(demo.run())


def test_every_step_is_done_and_says_what_it_found(told: tuple[Demo, list[Step]]) -> None:
    """All steps come in their order, each with a line of its own."""
    _, steps = told

    assert [step.name for step in steps] == list(STEPS)
    assert [step.name for step in steps if not step.found] == []


def test_every_sample_is_settled(told: tuple[Demo, list[Step]]) -> None:
    """No sample fails; each has an account, and what is ignored says why."""
    demo, _ = told

    outcomes = {account.outcome for account in demo.accounts}
    assert outcomes <= {"applied", "unchanged", "stale", "duplicate", "ignored", "handshake"}
    assert [account.id for account in demo.accounts if account.outcome == "ignored" and not account.why] == []
    assert len(demo.accounts) >= 80


def test_what_the_demo_says_shows_no_secret(told: tuple[Demo, list[Step]]) -> None:
    """The webhook URLs are masked, and no signing secret is in any line."""
    _, steps = told
    said = "\n".join(line for step in steps for line in (step.found, *step.details))
    secrets = json.loads((ROOT / "sample_events/secrets.json").read_text(encoding="utf-8"))

    assert said.count(":••••••••@127.0.0.1:") == 2
    assert [name for name, secret in secrets.items() if str(secret) in said] == []


def test_the_report_is_one_page_that_asks_for_nothing(told: tuple[Demo, list[Step]]) -> None:
    """The page is there, and holds no address that a browser would fetch."""
    demo, _ = told
    assert demo.page
    page = demo.page.read_text(encoding="utf-8")

    assert 'src="http' not in page
    assert "<link" not in page
    assert "url(http" not in page


def test_the_sandbox_ends_with_the_story(told: tuple[Demo, list[Step]]) -> None:
    """Nothing serves the demo's folder afterwards."""
    demo, _ = told

    assert find_sandbox(demo.data) is None


def test_events_of_others_are_accounted_for_one_by_one(tmp_path: Path) -> None:
    """A raw event is applied, one without a mapping ignored, a forged delivery refused, half a file told as that."""
    paid = json.loads((SAMPLES / "invoice.paid/membership.body").read_bytes())
    fee = paid | {"id": "evt_fee", "type": "application_fee.created", "data": {"object": {"id": "fee_1"}}}
    (tmp_path / "theirs.ndjson").write_text(f"{json.dumps(paid)}\n{json.dumps(fee)}\n", encoding="utf-8")
    body = SAMPLES / "customer.created/person.body"
    (tmp_path / "forged.body").write_bytes(body.read_bytes().replace(b"cus_", b"cux_"))
    (tmp_path / "forged.json").write_bytes(body.with_suffix(".json").read_bytes())
    (tmp_path / "half.json").write_text('{"object": "event", ', encoding="utf-8")

    demo = Demo(find_project(ROOT), events=tmp_path, data=tmp_path / "box")
    list(demo.run())

    told = {Path(account.source).name: (account.outcome, account.why) for account in demo.accounts}
    assert told["theirs.ndjson:1"] == ("applied", None)
    assert told["theirs.ndjson:2"] == ("ignored", "no mapping takes this type")
    assert told["forged.body"][0] == "refused"
    assert "mismatched" in str(told["forged.body"][1])
    assert told["half.json"][0] == "unreadable"


def test_a_step_that_fails_says_which_it_was(tmp_path: Path) -> None:
    """An error ends the story and names its step."""
    demo = Demo(find_project(ROOT), events=tmp_path / "nothing", data=tmp_path / "box")

    with pytest.raises(WorkbenchError) as failed:
        list(demo.run())

    assert failed.value.__notes__ == ["the demo ended at its step 'load'"]
