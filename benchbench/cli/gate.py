"""The commands that set two runs against each other: compare and gate."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchbench.cli.comment import commented
from benchbench.cli.options import (
    EXIT_FAILED_CELLS,
    EXIT_NOTHING_COMPARABLE,
    EXIT_REGRESSION,
    as_json_option,
    consoles,
    only_models,
    say,
    where,
)
from benchbench.cli.shown import show, show_comparison
from benchbench.display.text import neutral

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.comparing.welch import Comparison
    from benchbench.gate.against import GateRequest
    from benchbench.gate.outcome import Reason

__all__ = ["compare", "gate"]

# Defaults, which need not be said to play a gate again.
USUAL = {"device": "auto", "environment": "reuse", "fail-on": ("slower", "counts")}


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
    help="Compare all the same where the machines, the data or settings differ.",
)
@as_json_option
def compare(
    base: Path, new: Path, *, threshold: float | None, across_machines: bool, as_json: bool
) -> int:
    """Set a NEW run beside a BASE: better, worse, or the same.

    Both are folders of runs, results.json, or pytest-benchmark's JSON.

    Exit code 1 where a figure is worse, 3 where a model ran in the BASE and did not in the NEW run,
    4 where some could not be compared, since the machines, the data or settings differ.
    """
    from benchbench import api  # noqa: PLC0415

    found = api.compare(base, new, threshold=threshold, across_machines=across_machines)
    show_comparison(found, as_json=as_json)
    if not (found.worse or found.broken or found.comparable):
        why = found.refused or "the two runs have no figure of the same model in common"
        say(f"nothing could be compared: {why}")
    return EXIT_REGRESSION if found.worse else _without_regression(found)


@click.command()
@click.argument("suite", default="gate")
@click.option(
    "--base",
    required=True,
    metavar="REV|RESULT",
    help="A revision of this repository; or a stored run, or a folder of baselines.",
)
@only_models
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
@click.option(
    "--comment",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the result as a comment on a pull request, in Markdown.",
)
@where
@as_json_option
def gate(
    suite: str,
    base: str,
    *,
    only: tuple[str, ...],
    fail_on: tuple[Reason, ...],
    comment: Path | None,
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
    from benchbench.gate.against import GateRequest  # noqa: PLC0415 - `--help` needs none of it
    from benchbench.running.plan import RunRequest  # noqa: PLC0415

    again = _again({"base": base, "only": only, "fail-on": fail_on, **options}, suite)
    how = {key: options.pop(key) for key in ("environment", "long", "pairs")}
    request = RunRequest(suite, "full", only, **options)
    asked = GateRequest(request, base, fail_on=fail_on, **how)
    with commented(comment, again) as post:
        if Path(base).exists():
            return _gate_result(asked, again, post, as_json=as_json)
        return _gate_revision(asked, again, post, as_json=as_json)


def _again(options: dict[str, Any], suite: str) -> str:
    """The command line that plays a gate again, less what says where its result goes."""
    words = ["benchbench", "gate", suite]
    for name, value in options.items():
        if value is True:
            words.append(f"--{name}")
        elif value and name != "out" and value != USUAL.get(name):
            every = value if isinstance(value, tuple) else [value]
            words += [word for each in every for word in (f"--{name}", str(each))]
    return shlex.join(words)


def _gate_result(
    asked: GateRequest, again: str, post: Callable[[str], None], *, as_json: bool
) -> int:
    """A gate against a stored run."""
    from benchbench import api  # noqa: PLC0415
    from benchbench.report.comment import of_comparison  # noqa: PLC0415
    from benchbench.report.progress import progress_on  # noqa: PLC0415

    with progress_on(consoles()[1]) as progress:
        compared, folder = api.gate_result(asked, progress)
    code = _judge(compared, asked.fail_on)
    post(of_comparison(compared, again, failed=code == EXIT_REGRESSION))
    show_comparison(compared, as_json=as_json)
    say(f"kept in {folder}")
    return code


def _gate_revision(
    asked: GateRequest, again: str, post: Callable[[str], None], *, as_json: bool
) -> int:
    """A gate against a revision."""
    from benchbench import api  # noqa: PLC0415
    from benchbench.errors import SideError  # noqa: PLC0415
    from benchbench.report.comment import not_run, of_gate  # noqa: PLC0415
    from benchbench.report.gated import page_of  # noqa: PLC0415

    console = consoles()[1]
    try:
        found, folder = api.gate_revision(
            asked,
            lambda line: console.print(
                neutral(line), markup=False, highlight=False, soft_wrap=True
            ),
        )
    except SideError as error:
        post(not_run(str(error), again))
        say(f"nothing could be compared: {error}")
        return EXIT_NOTHING_COMPARABLE
    post(of_gate(found, again))
    show(page_of(found), found.to_json(), as_json=as_json)
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
    return _without_regression(found)


def _without_regression(found: Comparison) -> int:
    """The exit code of two stored runs of which nothing is worse."""
    if found.broken:
        return EXIT_FAILED_CELLS
    return EXIT_NOTHING_COMPARABLE if found.refused or not found.comparable else 0
