"""What data a suite names, as text: which kind it is, and where its files are. Opens nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

from annotated_types import Ge, Le

from benchbench.files import expanded

__all__ = [
    "EMBEDDED",
    "MOST_CLASSES",
    "RULES",
    "SYNTHETIC",
    "DataSource",
    "FerPlus",
    "Kind",
    "Rule",
    "Targets",
    "Time",
    "ferplus_of",
    "kind_of",
]

Kind = Literal["faces", "events", "digits", "input", "npz", "function"]
Rule = Literal["ferplus", "ferplus_majority"]
Time = Literal["none", "first", "second"]
Targets = Literal["classes", "unnumbered", "numbers", "none", "other"]

SYNTHETIC = "synthetic_faces"
MOST_CLASSES = 100_000  # labels beyond are not those of a classification
EMBEDDED: dict[str, Kind] = {"synthetic_events": "events", "digits": "digits"}
RULES: tuple[Rule, Rule] = ("ferplus", "ferplus_majority")


@dataclass(frozen=True, slots=True)
class DataSource:
    """What data a suite or a model has.

    Attributes:
        source: ``synthetic_faces``, ``synthetic_events``, ``digits``; FER2013 as a file or a folder
            of images; ``ferplus:IMAGES,VOTES`` for it with FER+'s labels (``ferplus_majority:`` by
            Microsoft's rule; by itself, ``ferplus`` is the suite's own images with them);
            ``file.npz``; ``path/to/file.py:function`` or ``package.module:function``, which returns
            a dict of ``train``, ``test`` and optionally ``val``.
        set: Settings of the function.
        time: Where the time steps stand in a batch: ``first`` is [T, N, ...], ``second`` is
            [N, T, ...].
        classes: Number of classes, where the labels do not tell.
    """

    source: str = SYNTHETIC
    set: dict[str, Any] = field(default_factory=dict)
    time: Time = "none"
    classes: Annotated[int, Ge(1), Le(MOST_CLASSES)] | None = None

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid"}

    @classmethod
    def from_text(cls, text: str) -> DataSource:
        """The source alone, as most suites name it."""
        return cls(text)


class FerPlus(NamedTuple):
    """Images of FER2013 with the labels of FER+.

    Attributes:
        rule: How ten votes become a label, as in `benchbench.data.ferplus.relabel`.
        images: FER2013 as a file, or a name of drawn faces; empty for the suite's own.
        votes: File of the votes; empty for ``fer2013new.csv`` beside the images.
    """

    rule: Rule
    images: str
    votes: str

    @property
    def source(self) -> str:
        """The text that it is named by."""
        return f"{self.rule}:{self.images}" + (f",{self.votes}" if self.votes else "")

    def placed(self, folder: Path) -> FerPlus:
        """The same with the votes' file where it is, seen from a folder."""
        votes = str(folder / expanded(self.votes)) if self.votes else ""
        return self._replace(votes=votes)


def ferplus_of(source: str) -> FerPlus | None:
    """The parts of a source of FER+; None where it is none.

    The votes stand behind the last comma.
    """
    name, colon, rest = source.partition(":")
    rule = next((rule for rule in RULES if rule == name), None)
    if rule is None:
        return None
    images, comma, votes = rest.rpartition(",") if colon else ("", "", "")
    return FerPlus(rule, images.strip() if comma else rest.strip(), votes.strip() if comma else "")


def kind_of(source: str) -> Kind:
    """What a source is, as its text tells; nothing is opened."""
    if source in EMBEDDED:
        return EMBEDDED[source]
    if source.startswith("input:"):
        return "input"
    if ferplus_of(source) is not None:
        return "faces"
    place, _, name = source.rpartition(":")
    if place and name.isidentifier() and not Path(source).exists():
        return "function"
    return "npz" if source.lower().endswith(".npz") else "faces"
