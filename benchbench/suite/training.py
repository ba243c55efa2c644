"""How a model is trained, as a suite file says it. Frozen; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt

__all__ = [
    "CUT_VERSION",
    "TRAINER_VERSION",
    "Augment",
    "ClassWeights",
    "Schedule",
    "Slim",
    "Stdp",
    "Train",
    "later_versions",
]

TRAINER_VERSION = 2  # of the trainer: what an older one made is trained again
CUT_VERSION = 2  # of how channels are cut: what an older one cut is cut again

Augment = Literal["none", "flip_crop"]
Schedule = Literal["constant", "cosine"]
ClassWeights = Literal["none", "balanced"]

_STRICT = {"extra": "forbid"}
MOST_MINUTES, MOST_DEVICES, MOST_SEEDS = 33_000, 1024, 1000  # 23 days; beyond: a mistake


def later_versions(*, cut: bool) -> dict[str, int]:
    """The versions of what trains, where they are not those of the first cells' identities.

    Args:
        cut: Whether channels are cut.
    """
    found = {"trainer": TRAINER_VERSION, **({"cut": CUT_VERSION} if cut else {})}
    return {name: version for name, version in found.items() if version != 2}


@dataclass(frozen=True, slots=True)
class Stdp:
    """The STDP fine-tune of the fully connected layers, Table 5 of the paper.

    Attributes:
        every_epochs: Fine-tune after every that many epochs, and after the last.
        T: Time steps per sample.
        tau: Membrane time constant of the LIF neurons during the fine-tune, time steps.
        v_threshold: Their threshold.
        decay_input: Whether the input is divided by `tau` as well. Table 5 taken literally says
            so, and then the second and third linear layers have no spike to learn from.
        trace_tau: Time constant of the traces, time steps; ours: the paper does not state it.
        learning_rate: Factor of the update, which is the mean over a batch; ours.
        images: Number of training images of each fine-tune; ours.
    """

    every_epochs: Annotated[int, Ge(1)] = 10
    T: Annotated[int, Ge(1)] = 20
    tau: Annotated[float, Ge(1)] = 10.0
    v_threshold: Annotated[float, Gt(0)] = 5.0
    decay_input: bool = False
    trace_tau: Annotated[float, Ge(1)] = 2.0
    learning_rate: Annotated[float, Gt(0)] = 1e-5
    images: Annotated[int, Ge(1)] = 512

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Slim:
    """Network Slimming after the training (Liu et al. 2017, arXiv:1708.06519).

    The training itself is sparse; then channels are cut until the one target that is given is
    reached; then the rest is fine-tuned. Without a target only the training is sparse.

    Attributes:
        strength: Weight of the L1 norm of the batch norms' scales in the loss.
        ratio: Share of all channels to cut.
        params: Parameters to come down to.
        macs: Dense mult-adds per sample to come down to.
        finetune: Epochs after the cut as a share of the training's, one at least; 0 measures the
            model as it was cut.
    """

    strength: Annotated[float, Gt(0)] = 1e-4
    ratio: Annotated[float, Gt(0), Lt(1)] | None = None
    params: Annotated[int, Ge(1)] | None = None
    macs: Annotated[int, Ge(1)] | None = None
    finetune: Annotated[float, Ge(0)] = 0.1

    __pydantic_config__: ClassVar[Any] = _STRICT

    def __post_init__(self) -> None:
        """Refuse two targets.

        Raises:
            ValueError: There is more than one.
        """
        if len([x for x in (self.ratio, self.params, self.macs) if x is not None]) > 1:
            raise ValueError("give one of ratio, params and macs")

    @property
    def cuts(self) -> bool:
        """Whether there is a target."""
        return (self.ratio, self.params, self.macs) != (None, None, None)

    def before_the_cut(self) -> Slim:
        """The sparse training alone, which every target starts from."""
        return Slim(self.strength, finetune=0)


@dataclass(frozen=True, slots=True)
class Train:
    """How long and on what a model is trained. Batch, rate, smoothing and seed are the settings'.

    >>> import benchbench
    >>> benchbench.Settings(train=benchbench.Train(epochs=10, patience=3)).train.epochs
    10

    Attributes:
        epochs: Passes over the training images, unless the budget or the patience ends first.
        minutes: Time budget; None for none.
        patience: Epochs without a better PublicTest accuracy after which training ends.
        images: Train on only so many images, drawn by the seed; all where None.
        test_images: Choose the epoch and report the accuracy on only so many images each.
        devices: Number of GPUs (or processes on a CPU) of Lightning's distributed strategy.
        augment: Augmentation of the training images: ``none``, or ``flip_crop``, which mirrors half
            of them and crops each at random after it was padded by a twelfth (4 pixels of 48).
        schedule: Learning rate over the epochs: ``constant``, or ``cosine``, which goes down to 0
            with the last of `epochs` (Loshchilov & Hutter 2017, without restarts).
        weight_decay: Decoupled weight decay (AdamW, Loshchilov & Hutter 2019); Adam where 0.
        class_weights: Weights of the classes in the loss: ``none``, or ``balanced``, the number of
            training samples over that of the class and of classes.
        seeds: Number of trainings, each from the next seed; what is counted and timed is the
            first.
        stdp: The STDP fine-tune; None for none.
        slim: Network Slimming; None for none.
    """

    epochs: Annotated[int, Ge(1)] = 100
    minutes: Annotated[float, Gt(0), Le(MOST_MINUTES)] | None = None
    patience: Annotated[int, Ge(1)] | None = None
    images: Annotated[int, Ge(1)] | None = None
    test_images: Annotated[int, Ge(1)] | None = None
    devices: Annotated[int, Ge(1), Le(MOST_DEVICES)] = 1
    augment: Augment = "none"
    schedule: Schedule = "constant"
    weight_decay: Annotated[float, Ge(0), Lt(1)] = 0.0
    class_weights: ClassWeights = "none"
    seeds: Annotated[int, Ge(1), Le(MOST_SEEDS)] = 1
    stdp: Stdp | None = None
    slim: Slim | None = None

    __pydantic_config__: ClassVar[Any] = _STRICT
    REMOVED: ClassVar[tuple[str, ...]] = ("precision",)  # of older results, see `codec`

    def __post_init__(self) -> None:
        """Refuse a schedule without an end.

        Raises:
            ValueError: The learning rate is to reach 0 with the last epoch, and which that is would
                not be known.
        """
        if self.schedule == "cosine" and (self.patience or self.minutes):
            ends = "patience" if self.patience else "minutes"
            raise ValueError(f"schedule: cosine needs its number of epochs: leave {ends} out")
