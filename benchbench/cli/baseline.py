"""The commands that keep a suite's figures of this machine in the repository."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from benchbench.cli.options import as_json_option, consoles, only_models, say, where
from benchbench.cli.shown import show_comparison

__all__ = ["baseline", "update"]


@click.group()
def baseline() -> None:
    """Keep a suite's figures of this machine to compare with.

    They lie in the repository, under reports/baselines/.
    """


@baseline.command(name="update")
@click.argument("suite", default="gate")
@only_models
@click.option(
    "--baselines",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("reports") / "baselines",
    show_default=True,
    help="The folder of all baselines.",
)
@where
@as_json_option
def update(
    suite: str,
    only: tuple[str, ...],
    *,
    baselines: Path,
    as_json: bool,
    **place: Any,  # noqa: ANN401 - click's own conversions of the options of `where`
) -> int:
    """Run a SUITE, say what changed, and store it as baseline.

    Why a figure changed is told too; the baseline is this machine's.
    """
    from benchbench import api  # noqa: PLC0415 - `--help` needs none of it
    from benchbench.report.progress import progress_on  # noqa: PLC0415
    from benchbench.running.plan import RunRequest  # noqa: PLC0415

    request = RunRequest(suite, "full", only, **place)
    with progress_on(consoles()[1]) as progress:
        file, explained, changes = api.update_baseline(request, baselines, progress)
    if changes is not None:
        show_comparison(changes, as_json=as_json)
    elif as_json:
        click.echo(json.dumps({"file": str(file), "explained": explained}, indent=1))
    for line in explained:
        say(f"baseline: {line}")
    say(f"stored in {file}")
    return 0
