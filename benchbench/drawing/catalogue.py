"""Which figures the paper has, and what each of ours is made from. Imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from benchbench.errors import BenchbenchError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["FIGURES", "SUBJECTS", "PaperFigure", "Subject", "numbered"]

Kind = Literal["samples", "poisson", "superposed", "curves", "confusion", "encoders"]


@dataclass(frozen=True, slots=True)
class Subject:
    """A network that figures are of, trained.

    Attributes:
        label: The name that pictures give it.
        model: Its name in the zoo.
        set: Its settings.
        plus: Whether its labels are those of FER+.
        stdp: Whether its linear layers are fine-tuned by STDP.
        reconstructed: Why it is not surely the paper's; empty where it is.
    """

    label: str
    model: str
    set: dict[str, Any] = field(default_factory=dict)
    plus: bool = False
    stdp: bool = False
    reconstructed: str = ""


@dataclass(frozen=True, slots=True)
class PaperFigure:
    """A figure of the paper.

    Attributes:
        kind: What is drawn.
        title: What it shows, in some words.
        paper: What the paper's own figure is.
        subject: Which of `SUBJECTS` has to be trained for it; empty where none has.
        expression: Class of the image that it is drawn from; empty where it is from all.
    """

    kind: Kind
    title: str
    paper: str
    subject: str = ""
    expression: str = ""

    @property
    def shows_images(self) -> bool:
        """Whether images of the data are to be seen in it."""
        return self.kind not in {"curves", "confusion"}


SUBJECTS = {
    "t4": Subject("Conv-SNN (T=4)", "conv_snn", {"T": 4}),
    "cnn3": Subject(
        "CNN (3 conv)",
        "cnn3",
        reconstructed="the paper does not give this CNN's layers; ours has nearly its parameters "
        "and mult-adds",
    ),
    "t4_plus": Subject("Conv-SNN (T=4), FER+", "conv_snn", {"T": 4}, plus=True),
    "t8_poisson_stdp": Subject(
        "Conv-SNN (T=8, Poisson + STDP)", "conv_snn", {"T": 8, "encoder": "poisson"}, stdp=True
    ),
}

FIGURES = {
    1: PaperFigure(
        "samples", "Samples of each class", "samples of the seven expressions of FER2013"
    ),
    2: PaperFigure(
        "poisson",
        "An image and its Poisson spikes, step by step",
        "a 'disgust' image of FER2013 and the 20 spike matrices of its Poisson encoding",
        expression="disgust",
    ),
    3: PaperFigure(
        "superposed",
        "Poisson spikes of an image, superposed",
        "the superposed spikes of that image after 1, 128, 256, 384 and 512 steps",
        expression="disgust",
    ),
    4: PaperFigure(
        "curves",
        "Training curves of the conv-SNN, T = 4",
        "loss and test accuracy of the conv-SNN, T = 4, on FER2013; 60.15 % at best",
        "t4",
    ),
    5: PaperFigure(
        "curves",
        "Training curves of the CNN",
        "loss, training and test accuracy of the CNN of three convolutional layers on FER2013; "
        "59.23 % at best",
        "cnn3",
    ),
    6: PaperFigure(
        "curves",
        "Training curves of the conv-SNN, T = 4, with the labels of FER+",
        "loss and test accuracy of the conv-SNN, T = 4, on FER+; 77.17 % at best",
        "t4_plus",
    ),
    7: PaperFigure(
        "confusion",
        "Confusion matrix of the conv-SNN, T = 4, with the labels of FER+",
        "the confusion matrix of the conv-SNN, T = 4, on FER+",
        "t4_plus",
    ),
    8: PaperFigure(
        "curves",
        "Training curves of the conv-SNN, T = 8, Poisson encoder and STDP",
        "loss and test accuracy of the conv-SNN, T = 8, with Poisson encoder and STDP fine-tune, "
        "on FER2013; 61.87 % at best",
        "t8_poisson_stdp",
    ),
    9: PaperFigure(
        "encoders",
        "Cumulative spikes of Encoder I and II, example 1",
        "an image and the cumulative spikes of both encoders at t = 0 and t = 3, example 1",
        "t4",
        "happy",
    ),
    10: PaperFigure(
        "encoders",
        "Cumulative spikes of Encoder I and II, example 2",
        "an image and the cumulative spikes of both encoders at t = 0 and t = 3, example 2",
        "t4",
        "surprise",
    ),
}


def numbered(numbers: Iterable[int]) -> list[int]:
    """The figures that are asked for, each once, in order; all where none is named.

    Raises:
        BenchbenchError: The paper has no such figure; the message lists those that it has.
    """
    asked = sorted({*numbers}) or [*FIGURES]
    if unknown := [number for number in asked if number not in FIGURES]:
        there = "\n".join(f"  {number:>2}  {it.title}" for number, it in FIGURES.items())
        named = ", ".join(map(str, unknown))
        raise BenchbenchError(f"the paper has no Figure {named}; it has\n{there}")
    return asked
