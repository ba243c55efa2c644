"""Figures as text: one way for the console, Markdown and whatever comes after."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.metrics.figure import Figure
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import CellResult, Results

__all__ = [
    "Grid",
    "HasRatio",
    "Line",
    "Notes",
    "enough",
    "fact_text",
    "figure_text",
    "how_got",
    "interval_text",
    "model_title",
    "number",
    "ratio_text",
    "si",
    "si_scale",
]

SI = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"),
      (1e-9, "n"), (1e-12, "p"))  # fmt: skip
LOPSIDED = 0.1  # of an interval that its halves may differ by, where one number says both


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a grid.

    Attributes:
        cells: A text a column.
        quoted: Whether they are the paper's, not ours.
        best: Column of the best figure, where one is the best for sure.
        says: What its figure is, for a form that shows it when it is asked for.
        brief: The cells again, with prefixes in place of digits, for a form that shows the whole
            figure when it is asked for; empty where there is no such form of them.
    """

    cells: tuple[str, ...]
    quoted: bool = False
    best: int | None = None
    says: str = ""
    brief: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text.

    Attributes:
        title: Above it.
        header: A word a column.
        lines: Its lines.
        text_columns: The first column and the last so many are words, not figures.
        detail: Left out on the console, which says where it is.
        models: So many columns after the first are models, whose figures are one a line.
        below: Lines that are read with it: the figures that nobody has, with the reason.
        reference: Whether it is for looking things up: a console that is too narrow says where.
    """

    title: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    text_columns: int = 2
    detail: bool = False
    models: int = 0
    below: tuple[str, ...] = ()
    reference: bool = False


class HasRatio(Protocol):
    """What has a ratio and, perhaps, its interval."""

    @property
    def value(self) -> float | None:
        """The ratio; None where there is none."""

    @property
    def low(self) -> float | None:
        """Lower end of its interval."""

    @property
    def high(self) -> float | None:
        """Upper end."""


@dataclass(slots=True)
class Notes:
    """Footnotes, numbered in the order of their first use, once for a whole report."""

    texts: list[str] = field(default_factory=list)

    def mark(self, reasons: Sequence[str]) -> str:
        """`` [1][3]`` for these reasons."""
        for reason in reasons:
            if reason not in self.texts:
                self.texts.append(reason)
        numbers = sorted({self.texts.index(reason) + 1 for reason in reasons})
        return " " + "".join(f"[{number}]" for number in numbers) if numbers else ""


def model_title(results: Results, cell: CellResult) -> str:
    """What a cell's model is called in every table and drawing."""
    return results.suite.model(cell.model).title


def number(value: float, decimals: int | None = None) -> str:
    """A figure for people: thousands separated, four significant digits unless told otherwise."""
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if value == int(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if 100 <= abs(value) < 1e15 else f"{value:.4g}"


def si(value: float, unit: str = "") -> str:
    """A figure to four significant digits, with a prefix of its unit.

    >>> si(21_531_136), si(0.0123, "J"), si(0, "J")
    ('21.53 M', '12.3 mJ', '0 J')
    """
    scale, prefix = si_scale(value)
    return f"{value / scale:.4g} {prefix}{unit}".rstrip()


def si_scale(value: float) -> tuple[float, str]:
    """The prefix that a figure is written with, and what it stands for."""
    size = abs(value) * (1 + 5e-5)  # 999,990 is printed as 1 M, not as 1000 k
    return next((it for it in SI if size >= it[0]), SI[-1] if value else (1.0, ""))


def enough(value: float, decimals: int | None) -> int | None:
    """The decimals; None where they would print as 0 what is not 0."""
    return None if decimals is not None and value and not round(value, decimals) else decimals


def figure_text(
    figure: Measurement | None,
    notes: Notes,
    *,
    scale: float = 1.0,
    decimals: int | None = None,
    missing: str = "n/a",
    why: Sequence[str] = (),
    brief: bool = False,
) -> str:
    """A cell: the value, half its interval, what is wrong with it; `missing` and `why` of none.

    A brief one has a prefix of its unit in place of digits, see `si`.
    """
    if figure is None:
        return missing + notes.mark(why)
    mark = notes.mark(figure.reasons)
    if figure.value is None:
        return f"n/a{mark}"
    value = figure.value * scale
    decimals = enough(value, decimals)
    if brief:
        text = _prefixed(value, figure)
    else:
        text = number(value, decimals)
        text += interval_text(figure, lambda it: number(it * scale, decimals))
    if "layers" in figure.detail and figure.name == "depth":
        text += f" ({figure.detail['layers']})"
    if not figure.valid:
        text += " (invalid)"
    if figure.provenance == "simulated":
        text += " (simulated)"
    return text + mark


def interval_text(figure: Measurement, write: Callable[[float], str], sign: str = "±") -> str:
    """What follows a value: half its interval, both ends where it is lopsided, nothing without.

    Args:
        figure: The figure, which has a value.
        write: How a number is written.
        sign: What stands before half the interval.
    """
    value, low, high = figure.value or 0.0, figure.low, figure.high
    if low is None or high is None:
        return ""
    # Half of it is then at most a twentieth of the interval from where either end is.
    if abs((high - value) - (value - low)) <= LOPSIDED * (high - low):
        return f" {sign}{write((high - low) / 2)}"
    return f" [{write(low)}, {write(high)}]"


def _prefixed(value: float, figure: Measurement) -> str:
    """A figure, and its interval, with one prefix where the figure needs one.

    A bare share or count has none below 1.
    """
    bare = figure.unit == "1" or figure.unit.startswith("1/")
    scale, prefix = si_scale(value)
    if not prefix or (bare and scale < 1):
        return number(value) + interval_text(figure, number)
    text = f"{value / scale:.4g}" + interval_text(figure, lambda it: f"{it / scale:.4g}")
    return f"{text} {prefix}{'' if bare else figure.unit}"


def ratio_text(found: HasRatio | None, digits: int = 3) -> str:
    """A ratio with its interval, to so many significant digits."""
    if found is None or found.value is None:
        return "n/a"
    ends = [end for end in (found.low, found.high) if end is not None]
    text = f"{found.value:.{digits}g}"
    return text + (f" [{ends[0]:.{digits}g}, {ends[1]:.{digits}g}]" if len(ends) == 2 else "")


def fact_text(value: object) -> str:
    """What really ran, as text; of files by their SHA-256 its first twelve digits."""
    if isinstance(value, dict):
        return ", ".join(f"{file} (sha256 {digest[:12]})" for file, digest in value.items())
    return str(value)


def how_got(metric: Figure, figures: Sequence[Measurement | None]) -> str:
    """``timed, n=5``."""
    counts = sorted({figure.n for figure in figures if figure and figure.value is not None})
    return f"{metric.method}, n={'/'.join(map(str, counts))}" if counts else metric.method
