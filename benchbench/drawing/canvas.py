"""What all figures share: style, title and conditions inside the picture, SVG and PNG."""

from __future__ import annotations

import io
from contextlib import contextmanager
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
from matplotlib.figure import Figure
from PIL import Image

from benchbench.report.svg import STYLE, WARNING, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from matplotlib.axes import Axes
    from numpy.typing import NDArray

__all__ = ["Picture", "canvas", "frame", "picture"]

WIDTH_IN, DPI = 7.2, 135
LETTERS, LINE_IN = 100, 0.165  # of the conditions: letters a line, height of a line
SMALL, TITLE = 8.5, 11.0  # points
COLOURS = 256  # of a PNG: grey values, and those of lines


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn figure.

    Attributes:
        svg: Text of the SVG document.
        png: Bytes of the PNG file.
        alt: What is to be seen, for whoever cannot see it.
        says: Sentences of the caption that only the drawing's own numbers can tell.
        conditions: What was it drawn from, as it stands in the picture.
    """

    svg: str
    png: bytes
    alt: str
    says: tuple[str, ...]
    conditions: tuple[str, ...]


@contextmanager
def canvas(title: str, conditions: Sequence[str], height_in: float) -> Iterator[Figure]:
    """An empty figure with its title and its conditions above; matplotlib's style is restored.

    Args:
        title: What it shows.
        conditions: What it was drawn from: data, training, synthetic or not.
        height_in: Height of what is drawn below them, inches.
    """
    lines = [part for text in conditions for part in wrap(text, LETTERS)]
    head_in = 0.34 + LINE_IN * len(lines)
    whole_in = height_in + head_in
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH_IN, whole_in), layout="constrained")
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.set(rect=(0, 0, 1, 1 - head_in / whole_in))  # type: ignore[call-arg]  # constrained
        figure.text(0.012, 1 - 0.06 / whole_in, plain(title), fontsize=TITLE, va="top")
        figure.text(
            0.012,
            1 - 0.29 / whole_in,
            plain("\n".join(lines)),
            fontsize=SMALL,
            va="top",
            color=WARNING,
            linespacing=1.25,
        )
        yield figure


def frame(axes: Axes, image: NDArray[Any], title: str, most: float = 1.0) -> None:
    """Show an image, its pixels as they are, without ticks.

    Args:
        axes: Where.
        image: Values [H, W]; 0 is black.
        title: What stands above.
        most: The value that is white.
    """
    axes.imshow(image, cmap="gray", vmin=0, vmax=most, interpolation="none")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_title(plain(title), fontsize=SMALL)


def picture(figure: Figure, alt: str, says: Sequence[str], conditions: Sequence[str]) -> Picture:
    """The figure as SVG and PNG; the same figure gives the same bytes."""
    svg, png = io.StringIO(), io.BytesIO()
    figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(png, format="png", dpi=DPI, metadata={"Software": None})
    text = svg.getvalue()
    few, small = Image.open(png).convert("RGB").quantize(COLOURS), io.BytesIO()
    few.save(small, format="png", optimize=True)  # a third of the bytes, and none that is seen
    text = text[text.index("<svg") :]
    return Picture(text, small.getvalue(), alt, tuple(says), tuple(conditions))
