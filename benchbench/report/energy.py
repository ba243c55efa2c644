"""Metered energy: who needs less, and, where nothing was metered, what would change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.comparing.energy_ratio import resolve
from benchbench.report.format import Grid, Line, ratio_text

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["metered", "unmetered"]

PHASES = (("infer", "inference"), ("train", "training"))


def metered(results: Results) -> list[Grid]:
    """A line a phase and pair of models that a table of the suite sets against each other."""
    pairs = dict.fromkeys(table.ratio for table in results.suite.tables if table.ratio)
    lines = []
    for of, to in pairs:
        for phase, word in PHASES:
            name = f"{phase}_energy"
            found = resolve(results.figure(of, name), results.figure(to, name))
            if found is None:
                continue
            titles = [results.suite.model(model).title for model in (of, to)]
            verdict = found.verdict
            if not found.reason:
                verdict = f"{titles[0]} needs {verdict} energy than {titles[1]}"
            lines.append(Line((word, " : ".join(titles), ratio_text(found), verdict, found.reason)))
    if not lines:
        return []
    title = "Energy per sample, metered: the interval holds the sensor's offset, its gain cancels"
    header = ("phase", "ratio of", "value", "verdict", "why")
    return [Grid(title, header, tuple(lines), text_columns=2)]


def unmetered(results: Results) -> list[str]:
    """One line on why there are no joules, where a sensor was looked for and none was found."""
    reasons = [
        reason
        for cell in results.cells
        for name in ("infer_energy", "train_energy")
        if (figure := cell.measurements.get(name)) is not None and figure.value is None
        for reason in figure.reasons
    ]
    has_any = any(
        figure.value is not None
        for cell in results.cells
        for name, figure in cell.measurements.items()
        if name.endswith("_energy") and figure.method == "metered"
    )
    if has_any or not reasons:
        return []
    return [f"no energy was metered: {reasons[0]}"]
