"""`benchbench report`: stored runs, shown again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchbench.cli.options import EXIT_FAILED_CELLS, as_json_option, consoles, only_models, say

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["report"]


@click.command()
@click.argument(
    "runs", type=click.Path(path_type=Path, exists=True), nargs=-1, required=True, metavar="RUN..."
)
@only_models
@click.option("--write", is_flag=True, help="Write the CSV, Markdown and HTML again as well.")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all RUNs as one HTML page instead.",
)
@click.option(
    "--recompute", is_flag=True, help="Compute every joule again from the raw readings instead."
)
@as_json_option
def report(
    runs: tuple[Path, ...],
    *,
    only: tuple[str, ...],
    write: bool,
    html: Path | None,
    recompute: bool,
    as_json: bool,
) -> int:
    """Show the stored result of a RUN again, or several.

    RUN is its folder or its results.json.
    """
    from benchbench import api  # noqa: PLC0415

    if as_json and len(runs) > 1:
        raise click.UsageError("--json shows one RUN: a document for each of several is not JSON")
    if write and only:
        raise click.UsageError("--write keeps every model: leave --only out, or use --html FILE")
    if html is not None and (write or recompute or as_json):
        raise click.UsageError("--html writes a page instead of --write, --recompute or --json")
    stored = [_part(api.load(run), only) for run in runs]
    if html is not None:
        from benchbench.files import write_text  # noqa: PLC0415
        from benchbench.report.together import together  # noqa: PLC0415

        write_text(html, together(stored, html))
        say(f"written: {html}")
        return 0
    return max(_shown(it, write=write, recompute=recompute, as_json=as_json) for it in stored)


def _part(found: Results, only: tuple[str, ...]) -> Results:
    """The run with those models alone that are asked for."""
    if not only:
        return found
    from benchbench.running.plan import chosen  # noqa: PLC0415

    wanted = {*chosen(found.suite, only)}
    out = [cell for cell in found.cells if cell.model not in wanted]
    failed = len(replace(found, cells=tuple(out)).failed)
    part = f"{len(found.cells) - len(out)} of {len(found.cells):,} models (--only {' '.join(only)})"
    if failed:
        part += f"; of those left out {failed} failed"
    cells = tuple(cell for cell in found.cells if cell.model in wanted)
    return replace(found, cells=cells, run={**found.run, "part": part})


def _shown(found: Results, *, write: bool, recompute: bool, as_json: bool) -> int:
    """Show one stored run."""
    folder = Path(found.folder)
    if recompute:
        return _recompute(found, folder, as_json=as_json)
    if write:
        from benchbench.report import keep  # noqa: PLC0415

        keep(found, folder)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        consoles()[0].print(found)
    return 0


def _recompute(found: Results, folder: Path, *, as_json: bool) -> int:
    """Show every metered figure beside what its raw readings give."""
    from dataclasses import asdict  # noqa: PLC0415

    from benchbench.report.console import draw  # noqa: PLC0415
    from benchbench.report.recomputed import page_of  # noqa: PLC0415
    from benchbench.results.recompute import recompute  # noqa: PLC0415

    lines = recompute(found, folder)
    if as_json:
        click.echo(json.dumps([asdict(line) for line in lines], indent=1))
    else:
        draw(page_of(lines), consoles()[0])
    return EXIT_FAILED_CELLS if any(line.reason for line in lines) else 0
