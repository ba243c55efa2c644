"""The command that draws the figures of the paper."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from benchbench.cli.options import EXIT_FAILED_CELLS, say
from benchbench.display.text import neutral

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["figures"]


def _images(_: click.Context, __: click.Parameter, value: str) -> int | None:
    """A number of images; None for all."""
    if value == "all":
        return None
    if not value.isdigit() or int(value) < 1:
        raise click.BadParameter(f"expected a number of images or all, not {value!r}")
    return int(value)


@click.command()
@click.argument("numbers", nargs=-1, type=int)
@click.option(
    "--epochs",
    type=click.IntRange(1),
    default=8,
    show_default=True,
    help="Train for so many epochs; the paper has 100.",
)
@click.option(
    "--images",
    default="280",
    show_default=True,
    metavar="N|all",
    callback=_images,
    help="Train on so many images, and look at so many of each held-out split.",
)
@click.option(
    "--patience", type=click.IntRange(1), help="Stop after so many epochs that are no better."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The seed of weights, order, spikes and drawn faces.",
)
@click.option(
    "--from",
    "run",
    metavar="RUN",
    help="Take curves and confusion matrices from this stored run where it has them.",
)
@click.option(
    "--data",
    metavar="PATH",
    help="FER2013 as csv, csv.gz, zip or a folder, in place of drawn faces.",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]",
    help="Where the models are trained.",
)
@click.option(
    "--out",
    metavar="FOLDER",
    help="The pictures go here; by default into reports/figures, or, of photographs, into "
    "reports/figures_of_photographs, which git is told to ignore.",
)
@click.option(
    "--runs",
    default="reports",
    show_default=True,
    metavar="FOLDER",
    help="The trainings are kept in FOLDER/paper_figures/<run id>/.",
)
def figures(  # noqa: PLR0913, PLR0917 - the options
    numbers: tuple[int, ...],
    epochs: int,
    images: int | None,
    patience: int | None,
    seed: int,
    run: str | None,
    data: str | None,
    device: str,
    out: str | None,
    runs: str | Path,
) -> int:
    """Draw the figures of the paper, NUMBERS or all, from our own runs.

    Each is a PNG and an SVG, with a page that says what it is, on what data and after what
    training; all of that stands inside the picture too. What was trained before is found again.
    """
    from benchbench import api  # noqa: PLC0415 - `--help` needs none of it

    drawn = api.draw_figures(
        numbers,
        epochs=epochs,
        images=images,
        patience=patience,
        seed=seed,
        run=run,
        data=data,
        device=device,
        out=out,
        runs=runs,
        progress=True,
    )
    for entry in drawn.figures:
        place = neutral(str(drawn.folder / entry.stem))
        click.echo(f"Figure {entry.number:>2}: {place}.png, .svg: {entry.title}")
    for number, why in drawn.missing.items():
        say(f"Figure {number:>2} could not be made: {why}")
    if drawn.figures:
        click.echo(f"All of them, with captions: {neutral(str(drawn.folder / 'index.html'))}")
    return EXIT_FAILED_CELLS if drawn.missing else 0
