"""How a training went: loss and accuracy by epoch, on what is learnt and on what is not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.report.charts.base import (
    MOST,
    WIDTH,
    Illustration,
    Panel,
    Scale,
    axis_across,
    axis_up,
    drawing,
    finite,
    left_out,
    polyline,
    titled,
    words,
)
from benchbench.report.format import model_title

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from benchbench.results.schema import Results

__all__ = ["curve_charts"]

HEIGHT, TOP, LEFT, RIGHT, BETWEEN = 150, 26, 52, 12, 52
TWO = 2  # epochs that make a curve

Curve = list[tuple[float, float]]


def curve_charts(results: Results) -> Illustration | None:
    """Loss and accuracy of each training; a panel a model."""
    there = []
    for cell in results.cells:
        figure = cell.measurements.get("epochs")
        curve = figure.detail.get("curve", []) if figure else []
        if len(curve) >= TWO:
            there.append((model_title(results, cell), curve))
    if not there:
        return None
    return Illustration(
        "Training curves",
        tuple(_panel(title, curve) for title, curve in there[:MOST]),
        (
            "whole line: validation; dashed: training; a dot: the best epoch in validation",
            *left_out(len(there) - MOST, "model(s)", "their curves stand in the tables below"),
        ),
    )


def _panel(title: str, curve: Sequence[Mapping[str, Any]]) -> Panel:
    errs = "mse_public" in curve[0]
    losses = _points(curve, "loss"), _points(curve, "loss_public")
    if errs:
        goals = _points(curve, "mse_train"), _points(curve, "mse_public")
        what, factor = "mean squared error", 1.0
    else:
        goals = _points(curve, "accuracy_train"), _points(curve, "accuracy_public")
        what, factor = "accuracy, %", 100.0
    goals = tuple([(x, factor * y) for x, y in points] for points in goals)  # type: ignore[assignment]
    parts, says, top = [], [title], float(TOP)
    for name, (train, held_out), lower in (("loss", losses, True), (what, goals, errs)):
        if not train and not held_out:
            continue
        parts += _axes(name, train, held_out, top, lower=lower)
        if held_out:
            pick = min if lower else max
            epoch, value = pick(held_out, key=lambda it: it[1])
            says.append(f"validation {name} at best {value:.4g}, epoch {epoch:g}")
        top += HEIGHT + BETWEEN
    return Panel(title, drawing(top - BETWEEN + 34, "; ".join(says), parts))


def _axes(name: str, train: Curve, held_out: Curve, top: float, *, lower: bool) -> list[str]:
    both = [*train, *held_out]
    low, high = min(y for _, y in both), max(y for _, y in both)
    room = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    first, last = min(x for x, _ in both), max(x for x, _ in both)
    bottom = top + HEIGHT
    across = Scale(first, last if last > first else first + 1, LEFT, WIDTH - RIGHT)
    up = Scale(low - room, high + room, bottom, top)
    parts = [words(LEFT, top - 8, name, kind="soft")]
    parts += axis_across(across, top, bottom)
    parts.append(words(WIDTH - RIGHT, bottom + 28, "epoch", anchor="end", kind="soft"))
    parts += axis_up(up, LEFT, WIDTH - RIGHT)
    for kind, points in (("line dashed", train), ("line", held_out)):
        if points:
            parts.append(polyline([(across.at(x), up.at(y)) for x, y in points], kind))
    if held_out:
        epoch, value = (min if lower else max)(held_out, key=lambda it: it[1])
        dot = f'<circle class="s0" cx="{across.at(epoch)}" cy="{up.at(value)}" r="4.5"/>'
        parts.append(titled(f"best validation {name}: {value:.4g}, epoch {epoch:g}", dot))
    return parts


def _points(curve: Sequence[Mapping[str, Any]], name: str) -> Curve:
    return [(float(line["epoch"]), float(line[name])) for line in curve if finite(line.get(name))]
