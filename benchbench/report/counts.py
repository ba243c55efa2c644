"""What ``benchbench count`` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.metrics.registry import METRICS
from benchbench.report.format import Grid, Line, number
from benchbench.report.page import Page

if TYPE_CHECKING:
    from benchbench.results.counts import Counts

__all__ = ["page_of"]


def page_of(model: str, counts: Counts) -> Page:
    """The page of one model's counts: every definition, and every layer with its share."""
    notes: list[str] = []
    lines = []
    for figure in counts.measurements:
        metric = METRICS[figure.name]
        notes += [reason for reason in figure.reasons if reason not in notes]
        marks = "".join(f" [{notes.index(reason) + 1}]" for reason in figure.reasons)
        unit = "" if metric.unit == "1" else f" {metric.unit}"
        value = "n/a" if figure.value is None else number(figure.value) + unit
        lines.append(Line((figure.name, value + marks, metric.says)))
    grids = [Grid(f"{model}, per sample", ("figure", "value", "definition"), tuple(lines), 1)]
    by_name = {item.name: item for item in counts.measurements}
    dense = by_name.get("macs_dense")
    layers = dense.detail.get("layers", []) if dense else []
    if layers:
        rows = [
            Line(
                (
                    layer["name"],
                    layer["kind"],
                    number(layer["params"]),
                    number(layer["macs_dense"]),
                    number(layer["macs_valid"]),
                    f"{100 * layer['share']:.1f} %",
                )
            )
            for layer in layers
        ]
        rest = (by_name["params"].value or 0) - sum(layer["params"] for layer in layers)
        if rest:  # so that every column adds up to the total above
            rows.append(Line(("norms and others", "", number(rest), "0", "0", "0.0 %")))
        header = ("layer", "kind", "params", "macs_dense", "macs_valid", "share")
        grids.append(Grid("Layer by layer", header, tuple(rows), 0))
    banner = [counts.reason] if counts.reason else []
    if any(item.name == "synops_exact" for item in counts.measurements):
        banner.append(
            "weights as initialised, seed 0: spikes and sparsity are of an untrained model"
        )
    how = tuple(f"{key}: {value}" for key, value in counts.facts.items())
    return Page(f"Counts of {model}", tuple(banner), tuple(grids), tuple(notes), how)
