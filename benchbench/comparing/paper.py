"""The paper's figure against ours: reproduced, differs, paper inconsistent, not measurable here."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from benchbench.metrics.ratio import refusal, unusable
from benchbench.metrics.registry import METRICS
from benchbench.suite.tables import Table
from benchbench.suite.units import shown_in

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results
    from benchbench.suite.tables import Row

__all__ = ["Verdict", "judge", "judge_model"]

SLACK = 1e-9  # percent: 100 x 1.01 is not 101 in binary
NOT_TOLD = "for how many epochs the paper trained is not told (`paper_epochs:`)"

Word = Literal["", "reproduced", "differs", "paper inconsistent", "not measurable here"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word and why; an empty word where the paper has no figure."""

    word: Word
    reasons: tuple[str, ...] = ()


def judge(row: Row, table: Table, results: Results) -> Verdict:
    """Set one row of the paper's table against ours.

    A counted figure is compared itself, rounded as the paper prints it, within the row's
    tolerance. A figure that depends on the machine is compared as a ratio: it is reproduced
    within the tolerance, and cannot be told where our wide interval holds the paper's.
    """
    if not row.paper:
        return Verdict("", (row.note,) if row.note else ())
    notes = (row.note,) if row.note else ()
    missing = _missing(row, results)
    word: Word = "not measurable here"
    why = missing
    if not missing:
        match METRICS[row.metric].beside_paper:
            case "ratio":
                word, why = _ratio(row, table, results)
            case "interval":
                word, why = _accuracy(row, results)
            case "rounded":
                word, why = _values(row, results)
    if row.inconsistent:
        return Verdict("paper inconsistent", (row.inconsistent, *why, *notes))
    return Verdict(word, (*why, *notes))


def judge_model(row: Row, model_id: str, results: Results) -> Verdict:
    """Set one figure of the paper against one model's, as `judge` does for a whole row."""
    alone = replace(row, paper={model_id: row.paper[model_id]}, decimals=row.paper_decimals)
    table = Table("", (alone,))
    return judge(alone, table, results)


def _missing(row: Row, results: Results) -> tuple[str, ...]:
    reasons: dict[str, None] = {}
    refused = refusal if METRICS[row.metric].beside_paper == "ratio" else unusable
    for model_id in row.paper:
        cell, figure = results.cell(model_id), results.figure(model_id, row.metric)
        title = results.suite.model(model_id).title
        if cell is None:
            reasons[f"{title} was left out of this run"] = None
        elif figure is None:
            why = "; ".join(cell.reasons) or "not run yet"
            reasons[f"{title}: {cell.status}: {why}"] = None
        elif figure.value is None:
            reasons |= dict.fromkeys(figure.reasons)
        elif why := refused(figure, title):
            reasons[why] = None
    return tuple(reasons)


def _ratio(row: Row, table: Table, results: Results) -> tuple[Word, tuple[str, ...]]:
    if table.ratio is None:
        return "not measurable here", ("absolute figures are of another machine",)
    of, to = table.ratio
    ours = results.comparison(row.metric, of, to)
    over, under = row.paper.get(of), row.paper.get(to)
    paper = over / under if over and under else 0.0
    if ours is None or not paper:  # a ratio of 0 is none, also where the quotient is too small
        return "not measurable here", ("there is no ratio to compare",)
    if ours.value is None or ours.reason:
        return "not measurable here", (ours.reason,)
    if 100 * abs(ours.value / paper - 1) <= row.tolerance_percent + SLACK:
        return "reproduced", ("the ratio; absolute figures are of another machine",)
    if ours.low is not None and ours.high is not None and ours.low <= paper <= ours.high:
        # An interval that holds everything confirms nothing.
        uncertain = f"our ratio {ours.value:.3g} [{ours.low:.3g}, {ours.high:.3g}] is too uncertain"
        more = "run without --quick" if results.run["mode"] == "quick" else "take more repeats"
        why = f"{uncertain} to tell it from the paper's {paper:.3g}: {more}"
        return "not measurable here", (why,)
    return "differs", (f"our ratio is {ours.value:.3g}, the paper's {paper:.3g}",)


def _values(row: Row, results: Results) -> tuple[Word, tuple[str, ...]]:
    word: Word = "reproduced"
    reasons: list[str] = []
    scale, _ = shown_in(row)
    for model_id, paper in row.paper.items():
        figure = results.figure(model_id, row.metric)
        value = round((figure.value or 0.0) * scale, row.paper_decimals) if figure else 0.0
        model = results.suite.model(model_id)
        off_percent = 100 * (value / paper - 1) if paper else math.inf  # nothing is near to 0
        if value == paper or abs(off_percent) <= SLACK:
            continue
        off = f"{off_percent:+.1f} %" if paper else f"{value:g}, not 0"
        reasons.append(f"{model.title} {off}{'; reconstructed' if model.reconstructed else ''}")
        if abs(off_percent) > row.tolerance_percent + SLACK:
            word = "differs"
    return word, tuple(reasons)


def _accuracy(row: Row, results: Results) -> tuple[Word, tuple[str, ...]]:
    """Accuracies are compared where ours was trained as the paper's was, on the same images.

    Where a suite does not tell for how many epochs the paper trained, that is said with the
    verdict. Ours is reproduced where the paper's lies in our interval or within the tolerance (in
    points).
    """
    reasons: dict[str, None] = {}
    word: Word = "reproduced"
    papers = results.suite.paper_epochs
    for model_id, paper in row.paper.items():
        figure, epochs = results.figure(model_id, row.metric), results.figure(model_id, "epochs")
        model = results.suite.model(model_id)
        if results.data_of(results.cell(model_id))["synthetic"]:
            return "not measurable here", ("drawn faces are not the paper's photographs",)
        if figure is None or figure.value is None:
            continue
        if epochs is None or epochs.value is None:
            text = f"{model.title}: the weights were loaded, and how they were trained is not known"
            return "not measurable here", (text,)
        if papers and epochs.value < papers and not _was_patient(epochs, model_id, results):
            text = f"{model.title}: trained {epochs.value:g} epoch(s), the paper {papers}"
            return "not measurable here", (text,)
        low = figure.value if figure.low is None else figure.low
        high = figure.value if figure.high is None else figure.high
        scale, _ = shown_in(row)
        inside = low * scale <= paper <= high * scale
        off = figure.value * scale - paper
        if not inside and abs(off) > row.tolerance_percent:
            word = "differs"
        reasons[f"{model.title} {off:+.2f} points"] = None
    return word, tuple(reasons) if papers else (*reasons, NOT_TOLD)


def _was_patient(epochs: Measurement, model_id: str, results: Results) -> bool:
    """Whether a training ended since its patience did: more epochs would not have been better."""
    recipe = results.suite.settings_of(results.suite.model(model_id)).train
    shares = [line.get("accuracy_public") or 0.0 for line in epochs.detail.get("curve", ())]
    if recipe is None or recipe.patience is None or not shares:
        return False
    return len(shares) - 1 - shares.index(max(shares)) >= recipe.patience
