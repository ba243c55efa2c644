"""The commands that set two runs against each other: compare, gate, baseline."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchbench.cli.options import (
    EXIT_FAILED_CELLS,
    EXIT_NOTHING_COMPARABLE,
    EXIT_REGRESSION,
    as_json_option,
    consoles,
    say,
    where,
)
from benchbench.display.text import neutral

if TYPE_CHECKING:
    from benchbench.comparing.welch import Comparison
    from benchbench.gate.outcome import Reason
    from benchbench.report.page import Page

__all__ = ["baseline", "compare", "gate", "update"]

only_option = click.option(
    "--only",
    multiple=True,
    metavar="PATTERN",
    help="Only these models (ids, wildcards allowed; may be repeated).",
)


@click.command()
@click.argument("base", type=click.Path(path_type=Path, exists=True))
@click.argument("new", type=click.Path(path_type=Path, exists=True))
@click.option(
    "--threshold",
    type=click.FloatRange(0, 100, min_open=True),
    metavar="PERCENT",
    help="Least difference of a timed or metered figure that matters; by default the suite's.",
)
@click.option(
    "--across-machines",
    is_flag=True,
    help="Compare figures of time although the machines differ.",
)
@as_json_option
def compare(
    base: Path, new: Path, *, threshold: float | None, across_machines: bool, as_json: bool
) -> int:
    """Set a NEW run beside a BASE: better, worse, or the same.

    Both are folders of runs, results.json, or pytest-benchmark's JSON.

    Exit code 1 where a figure is worse, 4 where nothing could be compared.
    """
    from benchbench import api  # noqa: PLC0415

    found = api.compare(base, new, threshold=threshold, across_machines=across_machines)
    _show_comparison(found, as_json=as_json)
    if found.worse:
        return EXIT_REGRESSION
    return EXIT_NOTHING_COMPARABLE if found.refused or not found.comparable else 0


def _show_comparison(found: Comparison, *, as_json: bool) -> None:
    from benchbench.report.compared import page_of  # noqa: PLC0415

    _show(page_of(found), found.to_json(), as_json=as_json)


def _show(page: Page, document: dict[str, Any], *, as_json: bool) -> None:
    """Print a page, and add it to GitHub's summary of the step, where there is one."""
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary:
        from benchbench.report.markdown import text_of  # noqa: PLC0415

        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text_of(page))
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        from benchbench.report.console import draw  # noqa: PLC0415

        draw(page, consoles()[0])


@click.command()
@click.argument("suite", default="gate")
@click.option(
    "--base",
    required=True,
    metavar="REV|RESULT",
    help="A revision of this repository; or a stored run, or a folder of baselines.",
)
@only_option
@click.option("--long", is_flag=True, help="Spend the suite's long budget.")
@click.option("--pairs", type=click.IntRange(1), help="Another budget: most pairs of processes.")
@click.option(
    "--environment",
    type=click.Choice(["reuse", "own"]),
    default="reuse",
    show_default=True,
    help="What the base runs with: this environment, or one made from its own pyproject.toml.",
)
@click.option(
    "--fail-on",
    multiple=True,
    type=click.Choice(["slower", "faster", "counts"]),
    default=("slower", "counts"),
    show_default=True,
    help="What makes the gate fail (may be repeated).",
)
@where
@as_json_option
def gate(
    suite: str,
    base: str,
    *,
    only: tuple[str, ...],
    fail_on: tuple[Reason, ...],
    as_json: bool,
    **options: Any,  # noqa: ANN401 - click's own conversions
) -> int:
    """Say whether this working tree is slower than a BASE.

    The rate of false alarms is fixed beforehand.

    A revision is checked out beside this tree, and both play the SUITE's models in turn, pair by
    pair of fresh processes, until every verdict is clear or the budget is spent. Parameters,
    operations, spikes, operators and allocated bytes must be equal; a change that the baseline in
    reports/baselines/ has as well is only told. Against a stored run the suite is run as by
    `benchbench run`, and compared; that needs the same machine and sees less.

    Exit code 1 where it fails, 3 where a model runs in the base and not here, 4 where nothing
    could be compared.
    """
    from benchbench import api  # noqa: PLC0415 - `--help` needs none of it
    from benchbench.errors import SideError  # noqa: PLC0415
    from benchbench.gate.against import GateRequest  # noqa: PLC0415
    from benchbench.report.progress import progress_on  # noqa: PLC0415
    from benchbench.running.plan import RunRequest  # noqa: PLC0415

    console = consoles()[1]
    how = {key: options.pop(key) for key in ("environment", "long", "pairs")}
    request = RunRequest(suite, "full", only, **options)
    asked = GateRequest(request, base, fail_on=fail_on, **how)
    if Path(base).exists():
        with progress_on(console) as progress:
            compared, folder = api.gate_result(asked, progress)
        _show_comparison(compared, as_json=as_json)
        say(f"kept in {folder}")
        return _judge(compared, fail_on)
    try:
        found, folder = api.gate_revision(
            asked,
            lambda line: console.print(
                neutral(line), markup=False, highlight=False, soft_wrap=True
            ),
        )
    except SideError as error:
        say(f"nothing could be compared: {error}")
        return EXIT_NOTHING_COMPARABLE
    from benchbench.report.gated import page_of  # noqa: PLC0415

    _show(page_of(found), found.to_json(), as_json=as_json)
    say(f"kept in {folder}")
    if found.failed:
        return EXIT_REGRESSION
    if found.broken:
        return EXIT_FAILED_CELLS
    return 0 if found.verdicts else EXIT_NOTHING_COMPARABLE


def _judge(found: Comparison, fail_on: tuple[str, ...]) -> int:
    """The exit code of a comparison with a stored run."""
    kinds = set[str]()
    for line in found.comparable:
        if line.method == "counted":
            kinds |= {"counts"} if line.verdict != "same" else set()
        elif line.verdict != "same":
            kinds.add("slower" if line.verdict == "worse" else "faster")
    if kinds & {*fail_on}:
        return EXIT_REGRESSION
    return EXIT_NOTHING_COMPARABLE if found.refused or not found.comparable else 0


@click.group()
def baseline() -> None:
    """Keep a suite's figures of this machine to compare with.

    They lie in the repository, under reports/baselines/.
    """


@baseline.command(name="update")
@click.argument("suite", default="gate")
@only_option
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
        _show_comparison(changes, as_json=as_json)
    elif as_json:
        click.echo(json.dumps({"file": str(file), "explained": explained}, indent=1))
    for line in explained:
        say(f"baseline: {line}")
    say(f"stored in {file}")
    return 0
