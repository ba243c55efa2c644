"""The command line: options, exit codes, and nothing else.

Exit codes: 0 ok, 1 regression, 2 usage or a bad file, 3 some cells failed, 4 nothing comparable,
130 interrupted.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import click

from benchbench import __version__
from benchbench.errors import BenchbenchError, SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

__all__ = ["main"]

EXIT_USAGE, EXIT_FAILED_CELLS, EXIT_INTERRUPTED = 2, 3, 130

_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of tables.")
_models_folder = click.option(
    "--models",
    "folder",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A further folder of models.",
)


def main() -> NoReturn:
    """Run the command line; expected errors are one clear message and an exit code."""
    try:
        code = group(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; run the same command again to go on", err=True)
        code = EXIT_INTERRUPTED
    except BenchbenchError as error:
        click.echo(f"error: {error}" if not isinstance(error, SuiteError) else str(error), err=True)
        code = EXIT_USAGE
    except BrokenPipeError:  # `benchbench list models | head`
        sys.stderr.close()
        code = 0
    sys.exit(code if isinstance(code, int) else 0)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="benchbench")
def group() -> None:
    """Benchmark the energy and efficiency of spiking and conventional networks.

    Every figure says how it was got: counted, timed, metered, modelled or quoted.
    What could not be got is n/a, with the reason.
    """


@group.command()
@click.argument("suite")
@click.option("--quick", "mode", flag_value="quick", help="Short windows; marked in every output.")
@click.option("--publish", "mode", flag_value="publish", help="Long windows, for publication.")
@click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Run only these models (ids, wildcards allowed; may be repeated).",
)
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda[:N]",
    help="Where the models run.",
)
@click.option(
    "--data",
    metavar="NAME|PATH",
    help="synthetic_faces, or FER2013 as csv, csv.gz, zip or a folder of images.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default="reports",
    show_default=True,
    help="Runs are kept in OUT/<suite>/<run id>/.",
)
@_as_json
def run(
    suite: str,
    mode: Literal["quick", "publish"] | None,
    only: tuple[str, ...],
    device: str,
    data: str | None,
    out: Path,
    *,
    as_json: bool,
) -> int:
    """Run a SUITE (a file, or the name of a bundled one) and report.

    A run that was interrupted is taken up again by the same command: what was finished is kept.
    """
    from benchbench import commands  # noqa: PLC0415 - `--help` needs none of it

    console, err = _consoles()
    request = commands.Request(suite, mode or "full", only, device, data, out)
    results, folder = commands.run(request, err)
    if as_json:
        click.echo(json.dumps(results.to_json(), indent=1))
    else:
        from benchbench.report.console import show  # noqa: PLC0415

        show(results, console)
    click.echo(f"kept in {folder}", err=True)
    return EXIT_FAILED_CELLS if results.failed else 0


@group.command()
@click.argument("suite", required=False)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of suite files, for editors.")
@_as_json
def validate(suite: str | None, *, schema: bool, as_json: bool) -> int:
    """Check a SUITE file: every fault at once, with file, line and hint. Runs nothing."""
    from benchbench import suite_file  # noqa: PLC0415

    if schema:
        click.echo(suite_file.json_schema(), nl=False)
        return 0
    if suite is None:
        raise click.UsageError("give a suite file, or --schema")
    try:
        found, _ = suite_file.load(suite)
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
            f"{suite}: ok, {len(found.models)} model(s), {len(found.tables)} table(s), "
            f"{len(found.claims)} claim(s)"
        )
    return 0


@group.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--write", is_flag=True, help="Write results.csv and report.md again as well.")
@_as_json
def report(run: Path, *, write: bool, as_json: bool) -> int:
    """Show the stored result of a RUN (its folder or its results.json) again."""
    from benchbench import results  # noqa: PLC0415

    found = results.load(run)
    if write:
        from benchbench.report import keep  # noqa: PLC0415

        keep(found, run if run.is_dir() else run.parent)
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        from benchbench.report.console import show  # noqa: PLC0415

        show(found, _consoles()[0])
    return 0


@group.command()
@click.argument("model")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of the model (may be repeated).",
)
@click.option(
    "--data",
    default="synthetic_faces",
    show_default=True,
    metavar="NAME|PATH",
    help="What spikes and non-zero inputs are counted on.",
)
@click.option(
    "--input",
    "shape",
    metavar="CxHxW",
    help="Count for inputs of this shape instead; nothing is then counted on data.",
)
@_models_folder
@_as_json
def count(
    model: str,
    settings: tuple[str, ...],
    data: str,
    shape: str | None,
    folder: Path | None,
    *,
    as_json: bool,
) -> int:
    """Count parameters, bytes and operations of MODEL, layer by layer. Times nothing.

    MODEL is a name of the zoo, path/to/file.py:function or package.module:function.
    """
    from benchbench import commands  # noqa: PLC0415

    figures = commands.count(model, settings, data, shape, folder)
    if as_json:
        click.echo(json.dumps({"model": model, **figures.to_json()}, indent=1))
    else:
        from benchbench.report.console import draw  # noqa: PLC0415
        from benchbench.report.counts import page_of  # noqa: PLC0415

        draw(page_of(model, figures), _consoles()[0])
    return EXIT_FAILED_CELLS if figures.status != "ok" else 0


@group.group(name="list")
def list_() -> None:
    """List what there is: models, suites, probes."""


@list_.command()
@click.argument("pattern", default="*")
@_models_folder
@_as_json
def models(pattern: str, folder: Path | None, *, as_json: bool) -> None:
    """List the zoo's models; PATTERN may have wildcards, e.g. 'conv_*'."""
    from benchbench import listing  # noqa: PLC0415

    _print_list(lambda: listing.models(pattern, folder), "models", as_json=as_json)


@list_.command()
@_as_json
def suites(*, as_json: bool) -> None:
    """List the bundled suites."""
    from benchbench import listing  # noqa: PLC0415

    _print_list(listing.suites, "suites", as_json=as_json)


@list_.command()
@_as_json
def probes(*, as_json: bool) -> None:
    """List every figure: its unit, how it is got, and what it means."""
    from benchbench import listing  # noqa: PLC0415

    _print_list(listing.probes, "probes", as_json=as_json)


def _print_list(rows_of: Callable[[], list[dict[str, Any]]], name: str, *, as_json: bool) -> None:
    rows = rows_of()
    if as_json:
        click.echo(json.dumps({name: rows}, indent=1))
        return
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*(rows[0] if rows else [name]))
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    _consoles()[0].print(table)


def _consoles() -> tuple[Console, Console]:
    """Standard output for results, standard error for progress."""
    from rich.console import Console  # noqa: PLC0415

    return Console(width=None if sys.stdout.isatty() else 160), Console(stderr=True)
