"""`workbench backfill`: years of events at once, one write a resource."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workbench.faces.cli.servers import DataOption, ServerOption, Where, open_server
from workbench.faces.cli.terminal import JsonOption, complain, results, show_lines

if TYPE_CHECKING:
    from workbench.flows.backfill.run import BackfillSummary

__all__ = ["backfill", "register"]


class Form(StrEnum):
    """How resources are written out."""

    ndjson = "ndjson"
    bundles = "bundles"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(rich_help_panel="Replay")(backfill)


def backfill(
    files: Annotated[
        list[Path], typer.Argument(help="NDJSON, also .gz and .zst, or Parquet of events; or folders of them.")
    ],
    mapping: Annotated[list[Path], typer.Option(help="A mapping file, or a folder of one provider's.")],
    out: Annotated[Path, typer.Option(help="The folder to write to; made where there is none.")],
    form: Annotated[Form, typer.Option("--as", help="A file for each type, or batch Bundles.")] = Form.ndjson,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. [default: one a core]")] = None,
    cluster: Annotated[str | None, typer.Option(help="A Dask scheduler's address, or local.")] = None,
    load: Annotated[bool, typer.Option("--load", help="Then write the resources to the server.")] = False,
    server: ServerOption = Where.sandbox,
    data: DataOption = Path(".workbench/sandbox"),
    as_json: JsonOption = False,
) -> None:
    """Map every event of files and write each resource once, as if all events had been applied in their time.

    What cannot be mapped is in OUT/refused.ndjson with its line and reason. Broken off, the same command goes on where
    it stopped; any number of workers gives the same bytes. --load writes to a server in batches of 100, as its quota
    allows. Exit code 1 when something was refused or could not be loaded.

    [dim]workbench backfill history.ndjson.gz --mapping mappings/stripe --out history --load[/dim]
    """
    from workbench.faces.cli.progress import stages
    from workbench.flows.backfill.run import backfill as carry_out

    with stages() as advance:
        summary = carry_out(
            files,
            mapping,
            out,
            form=form.value,
            workers=workers,
            cluster=cluster,
            progress=lambda *told: advance(*told, ""),
        )
    _tell(summary, out, as_json=as_json)
    failed = _load(mapping, out, server, data, as_json=as_json) if load else 0
    if summary.refused or failed:
        raise typer.Exit(1)


def _tell(summary: BackfillSummary, out: Path, *, as_json: bool) -> None:
    if as_json:
        show_lines([{name: getattr(summary, name) for name in (*summary.__slots__, "superseded")}])
        return
    made = ", ".join(f"{count:,} {kind}" for kind, count in summary.resources.items())
    results().print(
        f"{summary.events:,} events in {summary.read:,} lines: {summary.mapped:,} mapped, {summary.ignored:,} ignored, "
        f"{summary.refused:,} refused; {summary.superseded:,} of {summary.rows:,} resources superseded",
        markup=False,
        soft_wrap=True,
    )
    results().print(f"{out}: {made or 'no resources'}", markup=False, soft_wrap=True)
    if summary.refused:
        complain(f"{summary.refused:,} refused: see {out / 'refused.ndjson'}")


def _load(mapping: list[Path], out: Path, where: Where, data: Path, *, as_json: bool) -> int:
    from workbench.faces.cli.places import known_providers
    from workbench.faces.cli.progress import stages
    from workbench.flows.backfill.loading import load_resources
    from workbench.flows.design import load_mappings

    provider = known_providers()[load_mappings(mapping[0])[0].provider]
    with open_server(where, data) as client, stages() as advance:
        loaded = load_resources(
            out, client, provider, progress=lambda done, total, words: advance("loading", done, total, words)
        )
    if as_json:
        show_lines([{name: getattr(loaded, name) for name in loaded.__slots__}])
    else:
        told = f"{loaded.created:,} created, {loaded.updated:,} updated, {loaded.unchanged:,} unchanged"
        results().print(f"loaded: {told}, {loaded.failed:,} failed", markup=False, soft_wrap=True)
    for cause, count in loaded.causes.items():
        complain(f"{count:,} failed: {cause}; see {out / 'load-failed.ndjson'}")
    return loaded.failed
