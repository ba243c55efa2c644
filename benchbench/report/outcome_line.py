"""What a job has come to, in one line: its most asked for figures, or why there are none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.display.text import neutral
from benchbench.metrics.registry import METRICS
from benchbench.metrics.units import factor
from benchbench.report.format import number, si
from benchbench.report.time_left import clock_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.running.cells import Job
    from benchbench.running.launcher import Outcome

__all__ = ["FIGURES", "outcome_line", "words_of"]

# By task: what a figure is told with, in this order; a share is told in percent.
FIGURES = {
    "train": {
        "accuracy_public": "{} validation",
        "accuracy": "{} test",
        "accuracy_seeds": "{} test as the mean of the seeds",
        "mse_public": "squared error {} validation",
        "mse": "squared error {} test",
        "mse_seeds": "squared error {} test as the mean of the seeds",
        "epochs": "{} epochs",
    },
    "count": {
        "params": "{} parameters",
        "macs_dense": "{} mult-adds",
        "activation_sparsity": "{} sparsity",
    },
    "time": {
        "train_fps": "trains {}",
        "infer_fps": "infers {}",
        "latency": "latency {}",
        "train_energy": "{} a sample of training",
        "infer_energy": "{} a sample of inference",
    },
}
SHARES = {"accuracy_public", "accuracy", "accuracy_seeds", "activation_sparsity"}
QUIET = {"train_energy", "infer_energy"}  # a machine without a sensor is told once, in the report
DONE = {"train": "trained", "count": "counted", "time": "timed"}
LONG_S = 100.0


def outcome_line(job: Job, outcome: Outcome) -> str:
    """Model, what was done, the figures and how long it took; of a failure its reason.

    Args:
        job: The job that has ended.
        outcome: What it came to.

    Returns:
        One line without anything that a terminal would obey.
    """
    seconds = outcome.seconds
    took = f"{seconds:.0f} s" if seconds < LONG_S else clock_text(seconds)
    good = outcome.status in {"ok", "invalid"}
    text = f"{job.cell.model.id} {'' if good else 'not '}{words_of(job)}"
    if good and (figures := [*_figures(job, outcome)]):
        text += f": {', '.join(figures)}{_on(job)}"
    text += f" ({took})"
    if outcome.status != "ok" or outcome.reason:
        text += f": {outcome.status}" + (f", {outcome.reason}" if outcome.reason else "")
    return neutral(" ".join(text.split()))


def words_of(job: Job) -> str:
    """What is done in a job: ``counted``, ``timed (3 of 5)``."""
    turn = f" ({job.repeat + 1} of {job.cell.settings.repeats})" if job.task == "time" else ""
    return f"{DONE[job.task]}{turn}"


def _figures(job: Job, outcome: Outcome) -> Iterator[str]:
    found = {figure["name"]: figure for figure in outcome.measurements}
    for name, form in FIGURES[job.task].items():
        figure = found.get(name)
        if figure is None:
            continue
        if figure.get("value") is not None:
            yield _told(name, form, figure)
        elif name not in QUIET:
            title, _, of = METRICS[name].title.lower().partition(", ")
            yield f"{title}{of and f' ({of})'} n/a"


def _told(name: str, form: str, figure: dict[str, Any]) -> str:
    """A figure in words, with what must be known where it is not a real, valid one."""
    value, unit = figure["value"], METRICS[name].unit
    if name in SHARES:
        text = form.format(f"{number(value * (factor(unit, '%') or 1.0))} %")
    elif unit == "1":  # a count has prefixes, and what is below 1 has none
        text = form.format(si(value) if abs(value) >= 1 else number(value))
    else:
        text = form.format(si(value, unit))
    if value == 1:
        text = text.removesuffix("s")
    if not figure.get("valid", True):
        text += " (invalid)"
    if figure.get("provenance") == "simulated":
        text += " (simulated)"
    return text


def _on(job: Job) -> str:
    """Which data figures are of that rest on data: drawn faces are no photographs."""
    data = job.cell.data
    return f" on {data.source.rpartition('/')[2]}" if data and job.task != "time" else ""
