"""A plot as SVG, by matplotlib; the same plot gives the same bytes."""

from __future__ import annotations

import io
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from benchbench.report.formats import report_format
from benchbench.report.plots import plots

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.report.plots import Coordinate, Plot
    from benchbench.results.schema import Results

__all__ = ["COLOURS", "SHAPES", "STYLE", "WARNING", "draw", "figure_file", "files", "plain"]

# The first colours of Okabe and Ito 2008, told apart by colour-blind readers too; and shapes.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
WARNING, WRAP = "#7a4b00", 95  # of what must be read with a drawing; characters a line
SHAPES = ("o", "s", "^", "D", "v", "P")
STYLE: dict[Any, Any] = {  # rcParams
    "svg.hashsalt": "benchbench",  # else every drawing has ids of its own
    "svg.fonttype": "none",  # text stays text: it can be searched, and a reader's font is used
    "font.family": "sans-serif",
    "font.size": 10.0,
}


@report_format
def files(results: Results) -> dict[str, str]:
    """A drawing of each of the suite's figures that has a curve."""
    return {
        figure_file(number): draw(plot)
        for number, plot in enumerate(plots(results), 1)
        if plot.curves
    }


def figure_file(number: int) -> str:
    """Where a run keeps its figure, beside its report; the first is number 1."""
    return f"figures/{number}.svg"


def draw(plot: Plot) -> str:
    """The plot as an SVG document.

    Args:
        plot: Plot with at least one curve.

    Returns:
        Text that starts with ``<svg``; names in it are escaped.
    """
    import matplotlib as mpl  # noqa: PLC0415 - half a second that only figures need
    from matplotlib.figure import Figure  # noqa: PLC0415

    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        for number, curve in enumerate(plot.curves):
            colour, shape = COLOURS[number % len(COLOURS)], SHAPES[number % len(SHAPES)]
            xs, ys = [p.x for p in curve.points], [p.y for p in curve.points]
            at = [x.value for x in xs], [y.value for y in ys]
            label = plain(curve.label)
            axes.errorbar(
                *at,
                _bars(ys),
                _bars(xs),
                marker=shape,
                color=colour,
                label=label,
                capsize=2,
                elinewidth=1,
            )
            for point in curve.points:
                if point.simulated:  # hollow, and its label says so
                    axes.plot(
                        point.x.value, point.y.value, shape, color=colour, mfc="white", zorder=3
                    )
                if point.front:
                    where = point.x.value, point.y.value
                    axes.plot(*where, "o", color=colour, mfc="none", ms=13, mew=1)
                axes.annotate(
                    plain(point.label),
                    (point.x.value, point.y.value),
                    (4, 4),
                    textcoords="offset points",
                    fontsize=7,
                    color=colour,
                )
        axes.set_xlabel(plain(plot.x_title))
        axes.set_ylabel(plain(plot.y_title))
        if plot.log_x:
            axes.set_xscale("log")
        if plot.log_y:
            axes.set_yscale("log")
        axes.grid(visible=True, alpha=0.3)
        lines = [part for text in plot.conditions for part in wrap(text, WRAP)]
        axes.set_title(plain("\n".join(lines)), loc="left", fontsize=8, color=WARNING)
        axes.margins(x=0.12)
        axes.legend()
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def _bars(coordinates: Sequence[Coordinate]) -> list[list[float]]:
    """How far the intervals reach below the values, and above them [2, points]."""
    return [[it.value - it.low for it in coordinates], [it.high - it.value for it in coordinates]]


def plain(text: str) -> str:
    """A name as it is: matplotlib reads what stands between dollar signs as mathematics."""
    return text.replace("$", r"\$")
