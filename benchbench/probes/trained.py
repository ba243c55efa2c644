"""What a training leaves behind besides its accuracy: epochs, time, channels cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.metrics.measurement import Measurement
    from benchbench.suite.training import Train

__all__ = ["CHANNELS_CUT", "EPOCHS", "TRAINING_TIME", "measure"]

OTHERWISE = "the suite does not train this model (`train:`)"

EPOCHS = Figure(
    "epochs",
    "Epochs trained",
    "1",
    "counted",
    "passes over the training images until the epochs, the budget or the patience ended",
    place=610,
    otherwise=OTHERWISE,
    ranked=False,
)
TRAINING_TIME = Figure(
    "training_time",
    "Time of the training",
    "s",
    "timed",
    "wall time of all epochs, validation and fine-tunes included",
    rests_on="machine",
    beside_paper="ratio",
    place=611,
    otherwise=OTHERWISE,
)
CHANNELS_CUT = Figure(
    "channels_cut",
    "Channels cut",
    "1",
    "counted",
    "share of the channels with a batch norm that Network Slimming removed",
    "higher",
    place=612,
    otherwise="no channels of this model are cut (`train: { slim: ... }`)",
    ranked=False,
)


@probe(gives=(EPOCHS, TRAINING_TIME, CHANNELS_CUT))
def measure(
    result: Mapping[str, Any], recipe: Train, earlier: Mapping[str, Measurement]
) -> Iterator[Measurement]:
    """Epochs, curve and time of a training; those of the stage before are in them.

    Args:
        result: What the trainer gave: epochs, seconds, curve.
        recipe: What was asked for.
        earlier: Figures of the stage before, by name; empty where there was none. How many
            channels a cut removed is a figure of the cut, not of this.
    """
    curve: list[Any] = []
    seconds = 0.0
    if earlier:
        curve = earlier[EPOCHS.name].detail["curve"]
        seconds = earlier[TRAINING_TIME.name].value or 0.0
    done = len(curve)
    curve = [*curve, *({**line, "epoch": done + line["epoch"]} for line in result["curve"])]
    short = 0 < result["epochs"] < recipe.epochs and recipe.patience is None
    text = f"the budget ended after {result['epochs']} of {recipe.epochs} epochs"
    reasons = (text,) if short else ()
    yield EPOCHS(done + result["epochs"], reasons=reasons, detail={"curve": curve})
    yield TRAINING_TIME(seconds + result["seconds"])
