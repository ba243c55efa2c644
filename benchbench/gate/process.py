"""The process of one side of a gate: started in that side's tree, asked one order at a time."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from benchbench.errors import SideError
from benchbench.gate import contract
from benchbench.gate.provenance import check_modules
from benchbench.running.child import GRACE_S, Child, MessageError
from benchbench.running.log import LogError

__all__ = ["AGENT", "AgentProcess", "Side"]

AGENT = Path(__file__).with_name("agent.py")


@dataclass(frozen=True, slots=True)
class Side:
    """Where one side's code is.

    Attributes:
        name: ``base`` or ``candidate``.
        tree: Root of its source tree: what is there is imported from there.
        other: Root of the other side's: nothing is imported from there.
        python: Interpreter of its environment.
    """

    name: str
    tree: Path
    other: Path
    python: str = sys.executable


@dataclass(slots=True)
class AgentProcess:
    """A process that runs one side's code, and what it answers.

    Attributes:
        side: Side whose code it runs.
        log: File of its standard error.
        limit_s: Time after which an order has failed, seconds.
        outside: Modules that it loaded from neither side's tree, by name and file.
    """

    side: Side
    log: Path
    limit_s: float
    outside: set[str] = field(default_factory=set)
    _child: Child | None = None

    def __enter__(self) -> Self:
        """Start the process; it imports torch while the other one does.

        Raises:
            OutputError: The log cannot be written.
        """
        side = self.side
        # -P: the folder of the agent is not searched for modules.
        command = [side.python, "-P", str(AGENT), str(side.tree), str(side.other)]
        self._child = Child(command, self.log, side.tree)
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is doing."""
        if self._child is not None:
            self._child.end(grace_s=0.0)

    def ask(self, do: str, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
        """Give an order and wait for the answer.

        Raises:
            SideError: The process died, took too long, its own code raised, or it ran other code
                than its tree's.
        """
        child, side = self._child, self.side.name
        if child is None:
            raise RuntimeError("the process was not started")
        child.send(contract.order_of(do, **order))
        answer: dict[str, Any] = {}
        try:
            for message in child.messages(time.monotonic() + self.limit_s):
                if "failure" in message:
                    text = f"the {side} cannot {do}: {message['failure']['reason']}"
                    raise SideError(text, side)
                answer |= message.get("answer", {})
                if message.get("done"):
                    if "modules" in answer:
                        self.outside |= {*check_modules(self.side, answer["modules"])}
                    return answer
        except TimeoutError as error:
            text = f"the {side} did not answer {do!r} in {self.limit_s:g} s"
            raise SideError(text, side) from error
        except MessageError as error:
            text = f"the {side} wrote on its agent's own output: {error} is no message of it"
            raise SideError(text, side) from error
        except LogError as error:
            raise SideError(f"the {side} was ended: {error}", side) from error
        how = child.end(GRACE_S).how
        raise SideError(f"the {side} {how}{child.last_line()}", side)
