"""The command that writes a run as other tools read it."""

from __future__ import annotations

from pathlib import Path

import click

from benchbench.cli.options import say

__all__ = ["export"]


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--to",
    "name",
    metavar="FORMAT",
    help="Which format; without it they are listed.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; by default the run's own. '-' prints.",
)
def export(run: Path, name: str | None, out: Path | None) -> None:
    """Write a RUN in the format of another tool.

    RUN is its folder or its results.json.

    What is n/a, invalid or of a simulated sensor does not leave, but for LaTeX, which marks it.
    A quick run, changed settings and drawn data are marked in each format.
    """
    from benchbench.files import write_text  # noqa: PLC0415 - `--help` needs none of it
    from benchbench.report.exports import exported, names  # noqa: PLC0415 - as above
    from benchbench.results import stored  # noqa: PLC0415 - as above

    if name is None:
        width = max(map(len, names()))
        for known, says in names().items():
            click.echo(f"{known:{width}}  {says}")
        return
    files = exported(stored.load(run), name)
    if str(out) == "-" and len(files) > 1:
        raise click.UsageError(f"{name} has {len(files)} files ({', '.join(files)}): give a folder")
    for file, text in files.items():
        if not file:
            say(text)
        elif str(out) == "-":
            click.echo(text, nl=False)
        else:
            place = (out or (run if run.is_dir() else run.parent)) / file
            write_text(place, text)
            say(f"written: {place}")
