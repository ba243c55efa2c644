"""What starts the parts of a run and says how they are: Slurm, or this node with several GPUs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from benchbench.running.log import last_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from benchbench.running.launcher import Status
    from benchbench.running.parts import Part

__all__ = ["EndedPart", "Engine", "PartState", "last_word"]


@dataclass(frozen=True, slots=True)
class PartState:
    """How a started part is.

    Attributes:
        phase: Whether it waits, runs, has ended, or is not known any more.
        word: The engine's own word, e.g. ``PENDING``.
        node: Name of its node; empty where it has none yet.
        why: Why it waits; empty where it does not.
    """

    phase: Literal["queued", "running", "ended", "unknown"]
    word: str = ""
    node: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class EndedPart:
    """Why a part has ended before it came to its own end.

    Attributes:
        status: What it comes to in the report.
        reason: Sentence for the report.
        again: Whether it is none of the part's fault: it is started again.
    """

    status: Status
    reason: str
    again: bool = False


class Engine(Protocol):
    """Starts parts, and knows how they are by the ids that it gave them."""

    @property
    def name(self) -> str:
        """Its name, as ``--on`` has it."""

    @property
    def patience_s(self) -> float:
        """Longest time between two looks, seconds."""

    def attach(self, folder: Path, known: Mapping[str, str]) -> Mapping[str, str]:
        """Take a run up: from here on it starts the parts of this one.

        Args:
            folder: Folder of the run.
            known: Ids that an earlier process has written down, by the names of the parts.

        Returns:
            The ids of parts that it knows.
        """

    def start(
        self, part: Part, command: Callable[[str], Sequence[str]], not_on: Sequence[str]
    ) -> str | None:
        """Start a part.

        Args:
            part: The part.
            command: Gives our own command line; its argument is a device in place of the one that
                was asked for, empty for none.
            not_on: Nodes that it must not run on.

        Returns:
            Its id; None where there is no room now.

        Raises:
            BenchbenchError: It cannot be started, and why.
        """

    def states(self, ids: Sequence[str]) -> Mapping[str, PartState]:
        """How the parts with these ids are."""

    def ended(self, part: Part, job: str) -> EndedPart:
        """Why a part has ended before its time."""

    def cancel(self, ids: Sequence[str]) -> None:
        """End parts."""

    def close(self) -> None:
        """Leave nothing behind in this process."""

    @property
    def goes_on(self) -> bool:
        """Whether its parts go on where this process ends."""


def last_word(log: Path) -> str:
    """The last thing that a part has said."""
    try:
        return last_line(log) or "it said nothing"
    except OSError as error:
        return f"it left no log ({error.strerror})"
