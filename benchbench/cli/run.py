"""``run``: a suite on this machine, or in parts by Slurm or on several GPUs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchbench.cli.options import (
    EXIT_FAILED_CELLS,
    as_json_option,
    consoles,
    execution,
    only_models,
    say,
    where,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from benchbench.results.schema import Results

__all__ = ["finish", "run", "told"]

OF_SLURM = ("partition", "time", "gres", "constraint", "account", "cpus")


def _spread(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a run on more than this one device, and of a part of a run."""
    whole = click.IntRange(1)
    options = [
        click.option(
            "--on",
            type=click.Choice(["slurm", "gpus"]),
            help="Run in parts: as jobs of Slurm, or on all GPUs of this machine.",
        ),
        click.option("--partition", metavar="NAME", help="Slurm's partition."),
        click.option("--time", metavar="LIMIT", help="Time limit of a job: 30, 2:00:00, 1-0."),
        click.option("--gres", metavar="LIST", help="Slurm's resources, e.g. gpu:1."),
        click.option("--constraint", metavar="LIST", help="Features that a node must have."),
        click.option("--account", metavar="NAME", help="Account that Slurm charges."),
        click.option("--cpus", type=whole, help="Processors of a training or count by Slurm."),
        click.option(
            "--nodes",
            type=whole,
            default=1,
            show_default=True,
            help="Time all models on so many nodes, each by itself; the report has their spread.",
        ),
        click.option(
            "--bundle",
            type=whole,
            default=1,
            show_default=True,
            help="Models that one job trains and counts.",
        ),
        click.option(
            "--share",
            is_flag=True,
            help="Time beside other work on the node; marked in every output.",
        ),
        click.option(
            "--cancel",
            "cancels",
            is_flag=True,
            help="Ctrl-C cancels the jobs of Slurm too; else they go on.",
        ),
        click.option(
            "--tasks",
            metavar="LIST",
            default="train,count,time",
            callback=lambda _, __, text: tuple(word.strip() for word in text.split(",")),
            help="Do a part of the run alone, some of train,count,time; for merge.",
        ),
        click.option(
            "--trainings",
            type=click.Path(path_type=Path, file_okay=False),
            help="Runs that finished trainings are taken from; OUT by default.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@click.argument("suite")
@click.option("--quick", is_flag=True, help="Short windows; marked in every output.")
@click.option("--publish", is_flag=True, help="Long windows, for publication.")
@only_models
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting for this run alone, e.g. train.epochs=6 (may be repeated).",
)
@execution
@click.option("--strict", is_flag=True, help="Fail (exit 3) where any figure is invalid.")
@where
@_spread
@as_json_option
def run(
    suite: str,
    only: tuple[str, ...],
    *,
    changes: tuple[str, ...],
    strict: bool,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's own conversions of the options above
) -> int:
    """Run a SUITE, a file or a bundled one, and report.

    A run that was interrupted is taken up again by the same command: what was finished is kept.
    """
    from benchbench import api  # noqa: PLC0415 - `--help` needs none of it
    from benchbench.report.progress import progress_on  # noqa: PLC0415

    console, err = consoles()
    slurm = {name: options.pop(name) for name in OF_SLURM}
    engine = {name: options.pop(name) for name in ("nodes", "bundle", "share", "cancels")}
    on, tasks = options.pop("on"), options.pop("tasks")
    _check(on, slurm, engine)
    how = told(options)
    request = api.asked_for(
        suite,
        **options,
        only=only,
        set={**dict(map(api.setting, changes)), **how},
        tasks=tasks,
    )
    with progress_on(err) as progress:
        if on is None:
            results = api.carried_out(request, progress)
        else:
            given = {name: it for name, it in slurm.items() if it is not None}
            try:
                results = api.run_in_parts(request, on, progress, slurm=given, **engine)
            except KeyboardInterrupt:
                if on == "slurm" and not engine["cancels"]:
                    say("the jobs of Slurm go on; with --cancel they would have been cancelled")
                raise
    code = finish(results, console, as_json=as_json)
    invalid = results.invalid if strict else []
    for line in invalid:
        say(f"--strict: {line}")
    return EXIT_FAILED_CELLS if invalid else code


def _check(on: str | None, slurm: dict[str, Any], engine: dict[str, Any]) -> None:
    """Refuse what would change nothing.

    Raises:
        click.UsageError: An option belongs to another way of running.
    """
    idle = [f"--{name}" for name, it in slurm.items() if it is not None and on != "slurm"]
    if idle:
        raise click.UsageError(f"{idle[0]} is Slurm's: give --on slurm")
    plain = {"nodes": 1, "bundle": 1, "share": False, "cancels": False}
    if on is None and engine != plain:
        raise click.UsageError("--nodes, --bundle, --share and --cancel need --on slurm or gpus")


def told(options: dict[str, Any]) -> dict[str, Any]:
    """Take what is said of how models are executed out of the options."""
    found = {name: options.pop(name) for name in ("backend", "precision", "memory_format")}
    return {name: value for name, value in found.items() if value is not None}


def finish(results: Results, console: Console, *, as_json: bool) -> int:
    """Show a run that has ended, and say whether all of it went well."""
    if as_json:
        click.echo(json.dumps(results.to_json(), indent=1))
    else:
        console.print(results)
    say(f"kept in {results.folder}")
    return EXIT_FAILED_CELLS if results.failed else 0
