"""Confusion matrices, drawn: a row a true class, the darker the more of it is guessed so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.probes.accuracy import names_of
from benchbench.report.charts.base import (
    MOST,
    WIDTH,
    Illustration,
    Panel,
    drawing,
    left_out,
    short,
    titled,
    words,
)
from benchbench.report.format import model_title

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.results.schema import Results

__all__ = ["confusion_charts"]

LEFT, TOP, CELL = 96, 84, 44
CLASSES = 20  # of more a square is too small for its figure
DARK = 0.5  # share from which a figure is written in the page's own colour


def confusion_charts(results: Results) -> Illustration | None:
    """The confusion matrix of each classifier; a panel a model."""
    there = []
    for cell in results.cells:
        figure = cell.measurements.get("accuracy")
        if figure is not None and "confusion" in figure.detail:
            there.append((model_title(results, cell), figure.detail))
    small = [(title, detail) for title, detail in there if len(detail["confusion"]) <= CLASSES]
    if not small:
        return None
    return Illustration(
        "Confusion matrices",
        tuple(_panel(title, detail) for title, detail in small[:MOST]),
        (
            (
                "rows: true class; columns: guess; in a square: number of images, the darker the "
                "larger its share of the row"
            ),
            *left_out(len(small) - MOST, "model(s)", "their matrices stand in the tables below"),
            *left_out(
                len(there) - len(small),
                f"model(s) of more than {CLASSES} classes",
                "their matrices stand in the tables below",
            ),
        ),
    )


def _panel(title: str, detail: Mapping[str, Any]) -> Panel:
    names, matrix = names_of(detail), detail["confusion"]
    side = min(CELL, (WIDTH - LEFT) / len(names))
    parts = []
    for column, name in enumerate(names):
        x = LEFT + side * (column + 0.5)
        parts.append(
            f'<g transform="translate({x:g} {TOP - 8}) rotate(-40)">'
            f"{words(0, 0, short(str(name), 14))}</g>"
        )
    for line, (name, row) in enumerate(zip(names, matrix, strict=True)):
        y, whole = TOP + side * line, sum(row)
        parts.append(words(LEFT - 8, y + side / 2 + 4, short(str(name), 14), anchor="end"))
        for column, count in enumerate(row):
            x, share = LEFT + side * column, count / whole if whole else 0.0
            kind = "on" if share >= DARK else ""
            parts.append(
                titled(
                    f"{name} guessed as {names[column]}: {count} of {whole}",
                    f'<rect class="heat" x="{x:g}" y="{y:g}" width="{side - 1:g}" '
                    f'height="{side - 1:g}" fill-opacity="{share:.3g}"/>',
                    words(x + side / 2, y + side / 2 + 4, str(count), anchor="middle", kind=kind),
                )
            )
    right = sum(row[line] for line, row in enumerate(matrix))
    every = sum(map(sum, matrix))
    says = f"{title}, {detail['split']}: {right} of {every} images on the diagonal"
    return Panel(f"{title}, {detail['split']}", drawing(TOP + side * len(names) + 6, says, parts))
