"""The commands that run nothing: count a model, list what there is, look at data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from benchbench.cli.options import (
    EXIT_FAILED_CELLS,
    as_json_option,
    consoles,
    models_folder,
    neurons,
    sets,
    time,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchbench.data.source import Time

__all__ = ["check", "count", "data", "doctor", "list_", "models", "probes", "suites"]


@click.command()
@as_json_option
def doctor(*, as_json: bool) -> int:
    """Try every sensor: what this machine can measure.

    What cannot be read is told with the reason, and with the command that would help.
    """
    from benchbench import api  # noqa: PLC0415

    found = api.doctor()
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        consoles()[0].print(found)
    return 0


@click.command()
@click.argument("model")
@sets
@click.option(
    "--data",
    default="synthetic_faces",
    show_default=True,
    metavar="NAME|PATH|FUNCTION",
    help="What spikes and non-zero inputs are counted on; as for `run`.",
)
@click.option(
    "--input",
    "shape",
    metavar="CxHxW",
    help="Count for inputs of this shape instead; nothing is then counted on data.",
)
@time
@models_folder
@neurons
@as_json_option
def count(  # noqa: PLR0913, PLR0917 - the options
    model: str,
    settings: tuple[str, ...],
    data: str,
    shape: str | None,
    time: Time,
    folder: Path | None,
    spiking: tuple[str, ...],
    reset: str,
    steps: int | None,
    *,
    as_json: bool,
) -> int:
    """Count parameters, bytes and operations of MODEL by layer.

    Nothing is timed.

    MODEL is a name of the zoo, path/to/file.py:function, package.module:function or
    path/to/graph.nir, which --steps tells how often to present an input.
    """
    from benchbench import api  # noqa: PLC0415
    from benchbench.frameworks import Neurons  # noqa: PLC0415

    given = dict(map(api.setting, settings))
    told = Neurons(spiking, reset, steps)
    figures = api.count_in_worker(model, given, data, shape, folder, told, time)
    if as_json:
        click.echo(json.dumps(figures.to_json(), indent=1))
    else:
        consoles()[0].print(figures)
    return EXIT_FAILED_CELLS if figures.status != "ok" else 0


@click.group(name="list")
def list_() -> None:
    """List what there is, and what extensions have added."""


@list_.command()
@click.argument("pattern", default="*")
@models_folder
@as_json_option
def models(pattern: str, folder: Path | None, *, as_json: bool) -> None:
    """List the zoo's models; PATTERN may be 'conv_*' and the like."""
    from benchbench.cli import listing  # noqa: PLC0415

    _print_list(lambda: listing.models(pattern, folder), "models", as_json=as_json)


@list_.command()
@as_json_option
def suites(*, as_json: bool) -> None:
    """List the bundled suites: what each takes and needs."""
    from benchbench.cli import listing  # noqa: PLC0415

    _print_list(listing.suites, "suites", as_json=as_json)


@list_.command()
@as_json_option
def probes(*, as_json: bool) -> None:
    """List every figure: its unit, how it is got, and what it means."""
    from benchbench.cli import listing  # noqa: PLC0415

    _print_list(listing.probes, "probes", as_json=as_json)


def _listed(name: str, says: str) -> click.Command:
    """The command that prints one of the short lists."""

    @click.command(name=name, help=says)
    @as_json_option
    def show(*, as_json: bool) -> None:
        from benchbench.cli import listing  # noqa: PLC0415

        _print_list(listing.LISTS[name], name, as_json=as_json)

    return show


for _name, _says in (
    ("meters", "List the sensors that a suite can name."),
    ("data", "List the data sets that need no file."),
    ("backends", "List the ways to execute a model, with what each covers."),
    ("frameworks", "List the frameworks whose neurons are known."),
    ("formulas", "List every figure that is modelled by a formula."),
    ("formats", "List the files that a run writes."),
    ("extensions", "List what was added from outside, and what was refused."),
):
    list_.add_command(_listed(_name, _says))


def _print_list(rows_of: Callable[[], list[dict[str, Any]]], name: str, *, as_json: bool) -> None:
    rows = rows_of()
    if as_json:
        click.echo(json.dumps({name: rows}, indent=1))
        return
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*(rows[0] if rows else [name]))
    for row in rows:  # of a list a table has no more room than for its length
        cells = (len(value) if isinstance(value, list) else value for value in row.values())
        table.add_row(*(Text(str(value)) for value in cells))
    consoles()[0].print(table)


@click.group()
def data() -> None:
    """Look at data: its distribution and its faults."""


@data.command(name="check")
@click.argument("file")
@click.option("--ferplus", metavar="FILE", help="FER+'s votes: check its labels as well.")
@as_json_option
def check(file: str, ferplus: str | None, *, as_json: bool) -> None:
    """Count the images of FILE by class and split; find faults.

    FILE is FER2013 as csv, csv.gz, zip or a folder of images, or synthetic_faces. Rows are those
    of the csv file, the header being row 1. Faults are reported; they are no error.
    """
    from benchbench.api import check_data  # noqa: PLC0415

    found = check_data(file, ferplus)
    if as_json:
        click.echo(json.dumps({"data": [item.to_json() for item in found]}, indent=1))
        return
    for item in found:
        consoles()[0].print(item)
