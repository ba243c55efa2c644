"""The quick form of a suite, as far as the suite does not say itself what it is.

Many short repeats: Student's interval of two is some nine times as wide as that of five with the
same spread, and what separates two processes is no less in a longer window. Nothing becomes longer
than the full form has it, but for repeats: five short ones are taken wherever anything is timed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench.suite.settings import Settings

if TYPE_CHECKING:
    from benchbench.suite.schema import Suite
    from benchbench.suite.training import Train

__all__ = ["REPEATS", "shortened"]

REPEATS = 5

# A window of 2.5 s is the shortest whose energy a counter of 100 ms gives to 4 %, below the 5 %
# beyond which it is refused; 64 images are four batches of 16, and two have hardly an interval.
SHORT = Settings(
    repeats=REPEATS,
    window_s=2.5,
    window_iterations=2,
    warmup_s=1.0,
    warmup_iterations=2,
    warmup_cap_s=5.0,
    idle_s=1.0,
    train_steps=16,
    images=64,
)
LENGTHS = (
    "window_s",
    "window_iterations",
    "warmup_s",
    "warmup_iterations",
    "warmup_cap_s",
    "idle_s",
    "train_steps",
    "images",
)


def shortened(suite: Suite) -> Suite:
    """The suite with short settings in place of those that its ``quick`` says nothing of."""
    settings, said = suite.settings, suite.quick
    short = {
        name: min(getattr(settings, name), getattr(SHORT, name))
        for name in LENGTHS
        if name not in said
    }
    if settings.repeats and "repeats" not in said:
        short["repeats"] = REPEATS
    settings = replace(settings, **short)
    if "train" in said:  # then the file says how long a quick training is
        return replace(suite, settings=settings)
    models = tuple(replace(model, train=_short_training(model.train)) for model in suite.models)
    train = _short_training(settings.train)
    return replace(suite, settings=replace(settings, train=train), models=models)


def _short_training(train: Train | None) -> Train | None:
    """One epoch on a hundred images; where there is a training at all."""
    if train is None:
        return None
    stdp = train.stdp and replace(train.stdp, images=min(train.stdp.images, 112))
    return replace(
        train,
        epochs=1,
        images=min(train.images or 112, 112),
        test_images=min(train.test_images or 140, 140),
        stdp=stdp,
    )
