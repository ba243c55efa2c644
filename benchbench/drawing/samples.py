"""Figure 1: samples of each class."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from benchbench.drawing.canvas import canvas, frame, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.data import FaceData
    from benchbench.drawing.canvas import Picture

__all__ = ["draw", "rows_of"]

A_CLASS = 3  # images


def rows_of(data: FaceData, count: int = A_CLASS) -> list[list[int]]:
    """The first images of each class that are not all black, by row, a list a class."""
    seen = data.images.reshape(len(data), -1).any(axis=1)
    return [
        np.flatnonzero((data.labels == label) & seen)[:count].tolist()
        for label in range(data.num_classes)
    ]


def draw(data: FaceData, title: str, conditions: Sequence[str]) -> Picture:
    """A column a class, the first images of each.

    Args:
        data: The faces.
        title: What it shows.
        conditions: What is said of the data.
    """
    part = data.split("Training") if (data.usage == "Training").any() else data
    found, counts = rows_of(part), np.bincount(data.labels, minlength=data.num_classes)
    with canvas(title, conditions, 3.6) as figure:
        grid = figure.subplots(A_CLASS, data.num_classes, squeeze=False)
        for label, rows in enumerate(found):
            for place in range(A_CLASS):
                axes = grid[place, label]
                if place >= len(rows):
                    axes.set_axis_off()
                    continue
                name = f"{data.class_names[label]}\n{counts[label]:,} images" if not place else ""
                frame(axes, part.images[rows[place]], name, 255)
        each = ", ".join(
            f"{name} {count:,}" for name, count in zip(data.class_names, counts, strict=True)
        )
        alt = f"The first {A_CLASS} images of each of {data.num_classes} classes: {each}."
        says = (f"The first {A_CLASS} images of each class in Training; number of all: {each}.",)
        return picture(figure, alt, says, conditions)
