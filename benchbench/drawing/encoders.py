"""Figures 9 and 10: the cumulative spikes of the conv-SNN's two encoders (section 4)."""

from __future__ import annotations

from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from benchbench import zoo
from benchbench.data.cache import folder
from benchbench.drawing.canvas import canvas, frame, picture
from benchbench.errors import ModelError
from benchbench.frameworks import resetter
from benchbench.running.taken import TAKEN
from benchbench.training.weights import load_weights

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchbench.drawing.canvas import Picture
    from benchbench.drawing.images import ShownImage
    from benchbench.drawing.learnt import Learnt

__all__ = ["Encoded", "cumulative", "draw", "tiled", "trained_model"]

COLUMNS = 16  # of the grid of channels: 128 are 8 rows


class Encoded(NamedTuple):
    """Cumulative spikes of both encoders.

    Attributes:
        first: Those of Encoder I, the first spiking layer: counts [T, C, H, W].
        second: Those of Encoder II, all up to the linear layers: counts [T, C, H, W].
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]


def trained_model(found: Learnt) -> nn.Module:
    """The model of a training with its best weights, on the CPU; for inference.

    The weights are found by the key that the run names: the worker knows it, whatever else this
    process has loaded. The caller's random numbers are left alone.

    Raises:
        ModelError: Its trained weights are not here, or damaged.
    """
    subject, classes = found.subject, found.cell.measurements["accuracy"].detail["classes"]
    key = str(found.cell.facts.get("weights", "")).partition(",")[0]
    place = next(iter(sorted((folder() / "trained").glob(f"{escape(key)}*/best.pt"))), None)
    if not key or place is None:
        where = found.cell.facts.get(TAKEN) or f"run {found.results.run['id']}"
        raise ModelError(f"{subject.label}: its trained weights are not here: trained by {where}")
    with torch.random.fork_rng(devices=[]):
        model: nn.Module = zoo.build(
            subject.model, subject.set, Path.cwd(), num_classes=len(classes)
        )
    load_weights(model, place)
    return model.eval()


def cumulative(model: nn.Module, image: NDArray[np.float32]) -> Encoded:
    """How often each neuron has fired up to each time step, for one image.

    Args:
        model: `conv_snn` in step mode ``m``: ``conv`` starts with the first spiking layer and ends
            before the linear layers.
        image: Values [H, W] in [0, 1].
    """
    conv = model.get_submodule("conv")
    seen: dict[str, Tensor] = {}

    def keep(name: str) -> Any:  # noqa: ANN401 - a hook of torch's
        def hook(_: nn.Module, __: object, output: Tensor) -> None:
            seen[name] = output.detach()

        return hook

    hooks = [
        conv.get_submodule("0").register_forward_hook(keep("first")),
        conv.register_forward_hook(keep("second")),
    ]
    forget = resetter(model)
    try:
        forget()
        with torch.no_grad():
            model(torch.from_numpy(image)[None, None])  # [1, 1, H, W]
    finally:
        for hook in hooks:
            hook.remove()
        forget()
    first, second = (seen[name][:, 0].cumsum(0) for name in ("first", "second"))
    return Encoded(*(it.round().long().numpy() for it in (first, second)))


def tiled(maps: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """All channels [C, H, W] side by side in one image, with white lines between them.

    Args:
        maps: Counts.
        most: The value of the lines.
    """
    channels, height, width = maps.shape
    rows = -(-channels // COLUMNS)
    gap = max(1, height // 16)
    sheet = np.full((rows * (height + gap) - gap, COLUMNS * (width + gap) - gap), most)
    for index, one in enumerate(maps):
        top, left = index // COLUMNS * (height + gap), index % COLUMNS * (width + gap)
        sheet[top : top + height, left : left + width] = one
    return sheet


def draw(found: Encoded, shown: ShownImage, title: str, conditions: Sequence[str]) -> Picture:
    """The image, and each encoder's channels after the first and after the last time step.

    Args:
        found: Cumulative spikes.
        shown: The image that they are of.
        title: What it shows.
        conditions: What is said of data and training.
    """
    last = len(found.first) - 1
    means = []
    with canvas(title, conditions, 4.9) as figure:
        grid = figure.add_gridspec(3, 2, height_ratios=(0.9, 1, 1))
        frame(figure.add_subplot(grid[0, :]), shown.values, f"(a) input image, '{shown.name}'")
        letters = iter("bcde")
        for row, (name, counts) in enumerate((("I", found.first), ("II", found.second)), 1):
            for column, step in enumerate((0, last)):
                means.append(counts[step].mean() / (step + 1))
                text = (
                    f"({next(letters)}) Encoder {name}, t = {step}: 0 (black) to {step + 1} (white)"
                )
                axes = figure.add_subplot(grid[row, column])
                frame(axes, tiled(counts[step], step + 1), text, step + 1)
        sizes = [" x ".join(map(str, counts.shape[1:])) for counts in found]
        rates = ", ".join(f"{100 * it:.1f} %" for it in means)
        says = (
            (
                f"(a) {shown.where}. A tile a channel; Encoder I is the first spiking layer "
                f"({sizes[0]}), Encoder II ends before the linear layers, after its pooling "
                f"({sizes[1]})."
            ),
            (
                f"Spikes added up from t = 0, scaled linearly from none to one in every step. "
                f"Share of neurons and steps with a spike in (b) to (e): {rates}."
            ),
        )
        alt = (
            f"The image '{shown.name}' above four sheets of {found.first.shape[1]} small maps: the "
            f"cumulative spikes of Encoder I and II at t = 0 and t = {last}. Share of neurons and "
            f"steps with a spike: {rates}."
        )
        return picture(figure, alt, says, conditions)
