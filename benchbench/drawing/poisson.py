"""Figures 2 and 3: the Poisson encoder's spikes of an image, step by step and superposed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from spikingjelly.activation_based import encoding

from benchbench.drawing.canvas import canvas, frame, picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from benchbench.drawing.canvas import Picture
    from benchbench.drawing.images import ShownImage

__all__ = ["SUPERPOSED", "draw_steps", "draw_superposed", "spikes_of", "superposed"]

STEPS = 20  # the paper's Figure 2
SUPERPOSED = (1, 128, 256, 384, 512)  # and its Figure 3


def spikes_of(image: NDArray[np.float32], steps: int, seed: int) -> NDArray[np.uint8]:
    """Spikes of the encoder that the conv-SNN has, each pixel's value being its probability.

    Args:
        image: Values [H, W] in [0, 1].
        steps: Time steps.
        seed: Seed of what is drawn; the caller's own random numbers are left alone.

    Returns:
        0 or 1, [steps, H, W].
    """
    encoder = encoding.PoissonEncoder(step_mode="m")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        every_step = torch.from_numpy(image).expand(steps, *image.shape)
        found: NDArray[np.uint8] = encoder(every_step).numpy().astype(np.uint8)
    return found


def superposed(spikes: NDArray[np.uint8], steps: int) -> NDArray[np.float64]:
    """Spikes of each pixel in the first steps, per step [H, W]."""
    return np.asarray(spikes[:steps].mean(0, dtype=np.float64))


def draw_steps(shown: ShownImage, seed: int, title: str, conditions: Sequence[str]) -> Picture:
    """The image, and the spikes of each step."""
    spikes = spikes_of(shown.values, STEPS, seed)
    with canvas(title, conditions, 3.55) as figure:
        halves = figure.subfigures(1, 2, width_ratios=(1, 2.7), squeeze=False)
        left, right = halves[0]
        frame(left.subplots(), shown.values, f"(a) {shown.name}, grey values")
        grid = right.subplots(4, STEPS // 4).flat
        for step, axes in enumerate(grid):
            frame(axes, spikes[step], f"(b) step {step + 1}" if not step else f"{step + 1}")
        share, wanted = 100 * spikes.mean(), 100 * float(shown.values.mean())
        flat = shown.values.ravel()
        alike = float(np.mean([np.corrcoef(it.ravel(), flat)[0, 1] for it in spikes]))
        says = (
            (
                f"(a) {shown.where}; (b) its spikes in {STEPS} steps, white where there is one "
                f"(seed {seed})."
            ),
            (
                f"{share:.2f} % of all pixels and steps have a spike; the image's mean grey value, "
                f"which is what is expected, is {wanted:.2f} %."
            ),
            f"Correlation of one step's spikes with the image, mean over the steps: {alike:.2f}.",
        )
        alt = (
            f"Left the grey image '{shown.name}', right {STEPS} black-and-white matrices of its "
            f"spikes, {share:.1f} % of them white; they correlate with the image by {alike:.2f}."
        )
        return picture(figure, alt, says, conditions)


def draw_superposed(shown: ShownImage, seed: int, title: str, conditions: Sequence[str]) -> Picture:
    """The spikes of the first steps, added up, beside the image."""
    spikes = spikes_of(shown.values, SUPERPOSED[-1], seed)
    apart = []
    with canvas(title, conditions, 3.9) as figure:
        grid = figure.subplots(2, 3).flat
        for axes, steps in zip(grid, SUPERPOSED, strict=False):
            together = superposed(spikes, steps)
            apart.append(float(np.abs(together - shown.values).mean()))
            name = f"after {steps} step{'s' * (steps > 1)}\nmean distance {100 * apart[-1]:.1f} %"
            frame(axes, together, name)
        frame(grid[len(SUPERPOSED)], shown.values, f"the image itself\n'{shown.name}'")
        steps_text = ", ".join(map(str, SUPERPOSED))
        distances = ", ".join(f"{100 * it:.2f} %" for it in apart)
        says = (
            (
                f"Spikes per step and pixel of {shown.where} after {steps_text} steps "
                f"(seed {seed}); white where there is one in every step."
            ),
            f"Mean distance of a pixel to its grey value: {distances} of the whole scale.",
        )
        alt = (
            f"Six images: the spikes of '{shown.name}' superposed over {steps_text} steps, and the "
            f"image itself; the mean distance of a pixel falls from {100 * apart[0]:.1f} % to "
            f"{100 * apart[-1]:.1f} %."
        )
        return picture(figure, alt, says, conditions)
