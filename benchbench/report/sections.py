"""What stands behind the figures: every figure, what failed, confusion matrices, curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.probes.accuracy import names_of
from benchbench.report.absent import missing
from benchbench.report.best import sure_best
from benchbench.report.format import (
    Grid,
    Line,
    Notes,
    figure_text,
    how_got,
    model_title,
    number,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.results.schema import Results

__all__ = [
    "confusions",
    "curves",
    "distribution",
    "everything",
    "failures",
    "scales",
]


def distribution(results: Results) -> list[Grid]:
    """The data's number of images by class, beside the paper's."""
    wanted = results.suite.distribution
    if wanted is None:
        return []
    ours = {name: sum(by.values()) for name, by in results.data.get("distribution", {}).items()}
    lines = []
    for name in dict.fromkeys((*wanted.paper, *ours)):
        here, paper = ours.get(name, 0), wanted.paper.get(name)
        verdict = "reproduced" if here == paper else "differs"
        if results.data["synthetic"]:
            verdict = "not measurable here: drawn faces"
        quoted = "" if paper is None else number(paper)
        lines.append(Line((name, number(here), quoted, verdict if paper is not None else "")))
    totals = (number(sum(ours.values())), number(sum(wanted.paper.values())))
    lines.append(Line(("all", *totals, "")))
    header = ("class", "images (counted)", "the paper's (quoted)", "verdict")
    return [Grid(f"{wanted.title}: ours, and the paper's", header, tuple(lines), text_columns=1)]


def everything(results: Results, notes: Notes) -> Grid:
    """Every figure of every model, whether a paper asked for it or not.

    Figures that no model has stand below the table, together for each reason.
    """
    shown = [name for name in METRICS if any(name in cell.measurements for cell in results.cells)]
    lines, absent = [], dict[tuple[str, ...], list[str]]()
    for name in shown:
        metric = METRICS[name]
        figures = [cell.measurements.get(name) for cell in results.cells]
        cells, brief = [], []
        for cell, figure in zip(results.cells, figures, strict=True):
            text, why = missing(name, cell, results)
            cells.append(figure_text(figure, notes, missing=text, why=why))
            brief.append(figure_text(figure, notes, missing=text, why=why, brief=True))
        if all(text.startswith("n/a") for text in cells):
            absent.setdefault(tuple(dict.fromkeys(cells)), []).append(metric.title)
            continue
        unit = "" if metric.unit == "1" else f", {metric.unit}"
        best = sure_best(results, name, results.cells)
        columns = (metric.title + unit, *cells, name, how_got(metric, figures))
        marked = None if best is None else best + 1
        shorter = (columns[0], *brief, *columns[1 + len(brief) :])
        lines.append(Line(columns, best=marked, says=metric.definition, brief=shorter))
    titles = [model_title(results, cell) for cell in results.cells]
    return Grid(
        "Every figure, per sample",
        ("", *titles, "name", "how"),
        tuple(lines),
        models=len(titles),
        below=tuple(f"{'; '.join(names)}: {' or '.join(why)}" for why, names in absent.items()),
        reference=True,
    )


def failures(results: Results) -> Grid:
    """Why cells have no full result."""
    lines = [
        Line((model_title(results, cell), cell.status, reason))
        for cell in results.failed
        for reason in cell.reasons or ("no reason was given",)
    ]
    return Grid("Cells that failed", ("model", "status", "reason"), tuple(lines), text_columns=3)


def confusions(results: Results) -> list[Grid]:
    """A confusion matrix a model: a line a true class, a column a guess, and the class's recall."""
    grids = []
    for cell in results.cells:
        figure = cell.measurements.get("accuracy")
        if figure is None or "confusion" not in figure.detail:
            continue
        detail, names = figure.detail, names_of(figure.detail)
        lines = [
            Line((name, *map(number, row), "n/a" if recall is None else f"{100 * recall:.1f} %"))
            for name, row, recall in zip(names, detail["confusion"], detail["recall"], strict=True)
        ]
        title = (
            f"Confusion matrix of {model_title(results, cell)}, {detail['split']}: true class by "
            f"guess (always guessing the largest class: {100 * detail['largest_class']:.1f} %)"
        )
        header = ("", *names, "recall")
        grids.append(Grid(title, header, tuple(lines), text_columns=0, detail=True))
    return grids


def curves(results: Results) -> list[Grid]:
    """A training curve a model, with what each STDP fine-tune did."""
    grids = []
    for cell in results.cells:
        figure = cell.measurements.get("epochs")
        curve = figure.detail.get("curve", []) if figure else []
        if not curve:
            continue
        errs = "mse_public" in curve[0]
        lines = tuple(
            Line(
                (
                    str(line["epoch"]),
                    f"{line['loss']:.4f}",
                    _looked_at(line, "train"),
                    "" if line.get("loss_public") is None else f"{line['loss_public']:.4f}",
                    _looked_at(line, "public"),
                    _percent(line["accuracy_public_after_stdp"]),
                    number(line["seconds"], 0),
                    _stdp(line.get("stdp", [])),
                )
            )
            for line in curve
        )
        unit = "mean squared error" if errs else "%"
        header = (
            *("epoch", "loss", f"training, {unit}", "validation loss", f"validation, {unit}"),
            *("after STDP, %", "seconds", "STDP by layer"),
        )
        title = f"Training curve of {model_title(results, cell)}"
        grids.append(Grid(title, header, lines, text_columns=1, detail=True))
    return grids


def scales(results: Results) -> list[Grid]:
    """Histograms of the batch norms' scales of each slimmed model, before and after the cut."""
    grids = []
    for cell in results.cells:
        figure = cell.measurements.get("channels_cut")
        if figure is None or "bin" not in figure.detail:
            continue
        detail = figure.detail
        lines = tuple(
            Line((f"{i * detail['bin']:.4f}", number(before), number(after)))
            for i, (before, after) in enumerate(zip(detail["before"], detail["after"], strict=True))
        )
        title = f"Scales (|gamma|) of {model_title(results, cell)}: channels by size"
        header = ("from", "after sparse training", "after the cut")
        grids.append(Grid(title, header, lines, text_columns=0, detail=True))
    return grids


def _looked_at(line: Mapping[str, float | None], split: str) -> str:
    """The error of a regression on a split, the accuracy of all others."""
    error = line.get(f"mse_{split}")
    return _percent(line.get(f"accuracy_{split}")) if error is None else f"{error:.4g}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"


def _stdp(log: list[dict[str, float]]) -> str:
    return "; ".join(
        f"{item['layer']}: {number(item['spikes_in'])} spikes in, {number(item['spikes_out'])} "
        f"out, weights changed by {100 * item['weight_change']:.2g} %"
        for item in log
    )
