"""The command line: options, exit codes, and nothing else.

Exit codes: 0 ok, 1 regression, 2 usage or a bad file, 3 some cells failed, 4 nothing comparable,
70 a fault of our own, 130 interrupted, 141 nobody read the output.
"""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

import click

from benchbench import __version__
from benchbench.cli.baseline import baseline
from benchbench.cli.endings import exit_code
from benchbench.cli.export import export
from benchbench.cli.figures import figures
from benchbench.cli.gate import compare, gate
from benchbench.cli.history import history
from benchbench.cli.look import count, data, doctor, list_
from benchbench.cli.merge import merge
from benchbench.cli.options import (
    EXIT_USAGE,
    as_json_option,
    classes,
    consoles,
    execution,
    neurons,
    recipe,
    sets,
    time,
    where_trained,
)
from benchbench.cli.report import report
from benchbench.cli.run import finish, run, told
from benchbench.display.text import neutral
from benchbench.errors import SuiteError

__all__ = ["group", "main", "report", "train", "validate"]


def main() -> NoReturn:
    """Run the command line; expected errors are one clear message and an exit code."""
    sys.exit(exit_code(lambda: group(standalone_mode=False)))


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="benchbench")
def group() -> None:
    """Benchmark the energy and efficiency of spiking and conventional networks.

    Every figure says how it was got: counted, timed, metered, modelled or quoted.
    What could not be got is n/a, with the reason.
    """


@group.command()
@click.argument("model")
@sets
@recipe
@execution
@neurons
@where_trained
@time
@classes
@as_json_option
def train(
    model: str,
    settings: tuple[str, ...],
    *,
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's own conversions
) -> int:
    """Train MODEL, report its accuracy, and keep the weights.

    Suites that ask for the same training find them. An interrupted training is taken up again by
    the same command. MODEL is a name of the zoo, path/to/file.py:function or
    package.module:function.
    """
    from benchbench import api  # noqa: PLC0415
    from benchbench.report.progress import progress_on  # noqa: PLC0415

    console, err = consoles()
    given = dict(map(api.setting, settings))
    with progress_on(err) as progress:
        how = told(options)
        found = api.train(model, set=given, **options, **how, progress=progress)
    return finish(found, console, as_json=as_json)


@group.command()
@click.argument("suite", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of suite files, for editors.")
@as_json_option
def validate(suite: str | None, *, schema: bool, as_json: bool) -> int:
    """Check a SUITE file: every fault at once; run nothing.

    Each is told with file, line and a hint.
    """
    from benchbench.suite import loader  # noqa: PLC0415

    if schema:
        click.echo(loader.json_schema(), nl=False)
        return 0
    if suite is None:
        raise click.UsageError("give a suite file, or --schema")
    try:
        found, _ = loader.load(suite)
    except SuiteError as error:
        if not as_json:
            raise
        from dataclasses import asdict  # noqa: PLC0415

        click.echo(json.dumps({"faults": [asdict(fault) for fault in error.faults]}, indent=1))
        return EXIT_USAGE
    if as_json:
        click.echo(json.dumps({"faults": []}))
    else:
        click.echo(
            f"{neutral(suite)}: ok, {len(found.models)} model(s), {len(found.tables)} table(s), "
            f"{len(found.claims)} claim(s)"
        )
    return 0


for command in (
    run,
    merge,
    count,
    list_,
    data,
    doctor,
    compare,
    gate,
    baseline,
    history,
    export,
    figures,
    report,
):
    group.add_command(command)
