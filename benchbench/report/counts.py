"""What ``benchbench count`` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.display.displayable import pages_of
from benchbench.metrics.registry import METRICS
from benchbench.probes.spikes import time_steps
from benchbench.report.banner import synthetic
from benchbench.report.format import Grid, Line, Notes, number
from benchbench.report.page import Page
from benchbench.results.frames import layer_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from benchbench.results.counts import Counts

__all__ = ["page_of"]

LAYERS = ("layer", "kind", "shape", "params", "macs_dense", "macs_valid", "share")


@pages_of("Counts")
def page_of(counts: Counts) -> Page:
    """The page of one model's counts: every definition, and every layer with its share."""
    notes, lines = Notes(), []
    for figure in counts.measurements:
        metric = METRICS[figure.name]
        unit = "" if metric.unit == "1" else f" {metric.unit}"
        value = "n/a" if figure.value is None else number(figure.value) + unit
        lines.append(Line((figure.name, value + notes.mark(figure.reasons), metric.says)))
    title = f"{counts.model}, per sample"
    grids = [Grid(title, ("figure", "value", "definition"), tuple(lines), 1)]
    if layers := layer_rows(counts.by_name):
        grids.append(Grid("Layer by layer", LAYERS, tuple(map(_layer, layers)), 0))
    effective = counts.by_name.get("macs_effective")
    size = f", {effective.n:,} samples" if effective is not None and effective.n > 1 else ""
    how = [
        f"counted on: {counts.data}{size}",
        *(f"{key}: {it}" for key, it in counts.facts.items()),
    ]
    if steps := time_steps(counts.by_name):
        how.append(f"T: {steps}")
    dense = counts.by_name.get("macs_dense")
    if dense is not None and "shapes" in dense.detail:
        how.append(dense.detail["shapes"])
    return Page(
        f"Counts of {counts.model}",
        tuple(_banner(counts)),
        tuple(grids),
        tuple(notes.texts),
        tuple(how),
    )


def _banner(counts: Counts) -> Iterator[str]:
    if counts.reason:
        yield counts.reason
    if counts.synthetic:
        yield synthetic(counts.data)
    if counts.untrained and "synops_exact" in counts.by_name:
        yield "weights as initialised, seed 0: spikes and sparsity are of an untrained model"


def _layer(row: dict[str, Any]) -> Line:
    """A layer as a line; the parameters of no layer take no mult-adds, and every column adds up."""
    share = 100 * (row["share"] or 0.0)
    figures = (number(row[name] or 0) for name in ("params", "macs", "macs_valid"))
    return Line((row["layer"], row["kind"], _shapes(row), *figures, f"{share:.1f} %"))


def _shapes(row: dict[str, Any]) -> str:
    """``1x48x48 -> 32x48x48``, and how many calls where it is not one."""
    if row["calls"] is None:
        return ""
    text = f"{_sizes(row['shape_in'])} -> {_sizes(row['shape_out'])}"
    return text if row["calls"] == 1 else f"{text}, {row['calls']} calls"


def _sizes(shape: Sequence[int] | None) -> str:
    """Sizes of one sample; a question mark where they are not the same in every call."""
    return "?" if shape is None else "x".join(map(str, shape)) or "scalar"
