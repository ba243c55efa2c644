"""Figure 7: the confusion matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchbench.drawing.canvas import canvas, picture
from benchbench.probes.accuracy import names_of
from benchbench.report.svg import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchbench.drawing.canvas import Picture
    from benchbench.drawing.learnt import Learnt

__all__ = ["draw", "matrix_of"]


def matrix_of(found: Learnt) -> NDArray[np.int64]:
    """Counts of the test images: row the true class, column the guess."""
    return np.array(found.cell.measurements["accuracy"].detail["confusion"], dtype=np.int64)


def draw(found: Learnt, title: str) -> Picture:
    """The counts in their cells, shaded by the share of their true class.

    Args:
        found: A training whose guesses were counted.
        title: What it shows.
    """
    test, matrix = found.cell.measurements["accuracy"], matrix_of(found)
    names, sizes = names_of(test.detail), matrix.sum(1)
    shares = matrix / np.maximum(sizes, 1)[:, None]
    with canvas(title, found.conditions, 5.0) as figure:
        axes = figure.subplots()
        shown = axes.imshow(100 * shares, cmap="Blues", vmin=0, vmax=100)
        for (row, column), count in np.ndenumerate(matrix):
            colour = "white" if shares[row, column] > 0.55 else "black"
            axes.text(
                column, row, f"{count:,}", ha="center", va="center", fontsize=8.5, color=colour
            )
        ticks = range(len(names))
        axes.set_xticks(ticks, [plain(name) for name in names], rotation=40, ha="right")
        axes.set_yticks(
            ticks, [plain(f"{name} ({size:,})") for name, size in zip(names, sizes, strict=True)]
        )
        axes.set_xlabel("guess")
        axes.set_ylabel("true class (its images)")
        bar = figure.colorbar(shown, ax=axes, shrink=0.85)
        bar.set_label("share of the true class, %")
        value, low, high = (100 * (it or 0.0) for it in (test.value, test.low, test.high))
        said = (
            f"{int(matrix.trace()):,} of {int(matrix.sum()):,} images of {test.detail['split']} "
            f"are guessed rightly: {value:.2f} % [{low:.2f}, {high:.2f}]; always the largest "
            f"class would be {100 * test.detail['largest_class']:.2f} %."
        )
        recall = ", ".join(
            f"{name} {100 * share:.0f} %" if size else f"{name} n/a (no image)"
            for name, share, size in zip(names, shares.diagonal(), sizes, strict=True)
        )
        alt = f"A table of true classes by guesses. {said} Rightly by class: {recall}."
        return picture(figure, alt, (said, f"Recall: {recall}."), found.conditions)
