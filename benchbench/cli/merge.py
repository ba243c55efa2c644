"""``merge``: runs of several machines as one."""

from __future__ import annotations

from pathlib import Path

import click

from benchbench.cli.options import as_json_option, consoles
from benchbench.cli.run import finish

__all__ = ["merge"]


@click.command()
@click.argument(
    "runs", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True), metavar="RUN..."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="reports",
    show_default=True,
    help="The merged run is kept in OUT/<suite>/<run id>/.",
)
@as_json_option
def merge(runs: tuple[Path, ...], *, out: Path, as_json: bool) -> int:
    """Merge runs of several machines into one stored run.

    They are of one suite, its settings and data, finished or not. Each figure says which run it is
    of. Figures of machines or software that differ are neither paired nor averaged, and have no
    ratio.
    """
    from benchbench import api  # noqa: PLC0415 - `--help` needs none of it

    return finish(api.merge(runs, out), consoles()[0], as_json=as_json)
