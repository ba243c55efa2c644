"""Figures 4, 5, 6 and 8: loss and accuracy over the epochs, training and held-out images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from matplotlib.ticker import MaxNLocator

from benchbench.drawing.canvas import canvas, picture
from benchbench.report.svg import COLOURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from benchbench.drawing.canvas import Picture
    from benchbench.drawing.learnt import Learnt

__all__ = ["Best", "best_of", "draw"]

BLUE, ORANGE, GREEN, PINK = COLOURS[:4]


class Best(NamedTuple):
    """The epoch whose weights were kept.

    Attributes:
        epoch: Its number, from 1.
        accuracy: Accuracy on the validation split that it was chosen by.
        after: ``training``, or ``STDP`` where the fine-tune after it was better.
    """

    epoch: int
    accuracy: float
    after: str


def best_of(curve: Sequence[dict[str, float | None]]) -> Best:
    """The first of the best epochs, as the training has chosen it."""
    best = Best(0, -1.0, "training")
    for line in curve:
        for key, after in (("accuracy_public", "training"), ("accuracy_public_after_stdp", "STDP")):
            value = line.get(key)
            if value is not None and value > best.accuracy:
                best = Best(int(line["epoch"] or 0), value, after)
    return best


def draw(found: Learnt, title: str) -> Picture:
    """Loss on the left, accuracy on the right.

    Args:
        found: A training with its curve.
        title: What it shows.
    """
    curve, best = found.curve, best_of(found.curve)
    test = found.cell.measurements["accuracy"]
    public = found.cell.measurements.get("accuracy_public")
    validation = f"validation ({public.detail['split']})" if public else "validation"
    with canvas(title, found.conditions, 3.1) as figure:
        left, right = figure.subplots(1, 2)
        _line(left, curve, "loss", "training", (BLUE, "o-"))
        _line(left, curve, "loss_public", validation, (ORANGE, "s--"))
        _line(right, curve, "accuracy_train", "training", (BLUE, "o-"), 100)
        _line(right, curve, "accuracy_public", validation, (ORANGE, "s--"), 100)
        _line(right, curve, "accuracy_public_after_stdp", "the same after STDP", (PINK, "D"), 100)
        value, low, high = (100 * (it or 0.0) for it in (test.value, test.low, test.high))
        right.errorbar(
            [best.epoch],
            [value],
            [[value - low], [high - value]],
            fmt="*",
            ms=10,
            capsize=3,
            color=GREEN,
            label=f"test ({test.detail['split']}), best epoch, 95 %",
        )
        largest = 100 * test.detail["largest_class"]
        right.axhline(
            largest, color="0.45", lw=1, ls=":", label=f"the largest class alone, {largest:.1f} %"
        )
        for axes, name in ((left, "loss"), (right, "accuracy, %")):
            axes.set_xlabel("epoch")
            axes.set_ylabel(name)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(visible=True, alpha=0.3)
            axes.legend(fontsize=7.5, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
        said = (
            f"Best on the validation split after epoch {best.epoch} ({best.after}), "
            f"{100 * best.accuracy:.2f} %; with these weights {value:.2f} % "
            f"[{low:.2f}, {high:.2f}] of {test.n:,} test images."
        )
        first, last = curve[0], curve[-1]
        alt = (
            f"Two curves over {len(curve)} epochs. Loss of the training: "
            f"{first['loss']:.3f} at first, {last['loss']:.3f} at last. {said}"
        )
        loss = f"Loss: {found.cell.facts.get('loss', 'not recorded')}."
        return picture(figure, alt, (said, loss), found.conditions)


def _line(
    axes: Axes,
    curve: Sequence[dict[str, float | None]],
    key: str,
    label: str,
    look: tuple[str, str],
    scale: float = 1.0,
) -> None:
    """One quantity over the epochs, where the curve has it."""
    points = [
        (line["epoch"], scale * value) for line in curve if (value := line.get(key)) is not None
    ]
    if points:
        colour, style = look
        axes.plot(*zip(*points, strict=True), style, color=colour, label=label, ms=4)
