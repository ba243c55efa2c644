"""Two processes that take turns: base and candidate, one working at a time, window by window.

A machine whose speed drifts drifts in both windows of a turn, and falls out of their ratio. What a
process brings along by itself (where its memory lies) stays the same for all its windows: so a pair
of fresh processes is one observation, and the gate starts several.
"""

from __future__ import annotations

import json
import math
import os
import selectors
import signal
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Self

from benchbench.errors import DuetError
from benchbench.running.launcher import WORKER_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Pair", "Piece", "Score", "Side", "Voice", "play"]

PLAYER = Path(__file__).with_name("agent.py")


@dataclass(frozen=True, slots=True)
class Side:
    """Where one side's code is.

    Attributes:
        name: ``base`` or ``candidate``.
        tree: The root of its source tree: what is there is imported from there.
        python: The interpreter of its environment.
    """

    name: str
    tree: Path
    python: str = sys.executable


@dataclass(frozen=True, slots=True)
class Piece:
    """What is played: one step of one model.

    Attributes:
        model: The model's id.
        phase: ``infer``, ``train`` or ``latency``.
        cells: What each side is told of it, by the side's name.
    """

    model: str
    phase: str
    cells: Mapping[str, Mapping[str, Any]] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Score:
    """How a piece is played.

    Attributes:
        turns: Windows a side.
        window_s: About how long a window is, seconds.
        warmup_s: Length of each side's warm-up, seconds.
    """

    turns: int
    window_s: float
    warmup_s: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One pair of processes: the observation.

    Attributes:
        base: Seconds of each step of each window of the base.
        candidate: The same of the candidate, window by window.
    """

    base: tuple[tuple[float, ...], ...]
    candidate: tuple[tuple[float, ...], ...]

    @property
    def log_ratio(self) -> float:
        """Logarithm of candidate over base: the median over the turns of the windows' minima.

        Of six ways tried on two cores with other work on them this one spread least from pair to
        pair (1.1 to 1.9 %, where the ratio of the means spread 3.0 to 4.3 %).
        """
        return statistics.median(
            math.log(min(new) / min(old))
            for old, new in zip(self.base, self.candidate, strict=True)
        )

    @property
    def step_s(self) -> tuple[float, float]:
        """A step of base and candidate, seconds: the median of the windows' minima."""
        return statistics.median(map(min, self.base)), statistics.median(map(min, self.candidate))


@dataclass(slots=True)
class Voice:
    """A process that plays one side.

    Attributes:
        side: Whose code it runs.
        log: Where its standard error goes.
        limit_s: After which an order has failed.
    """

    side: Side
    log: Path
    limit_s: float
    _process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the process; it imports torch while the other one does."""
        paths = [str(self.side.tree), os.environ.get("PYTHONPATH", "")]
        with self.log.open("wb") as errors:
            self._process = subprocess.Popen(  # noqa: S603 - an interpreter and our own file
                # -P: the folder of the player is not searched for modules.
                [self.side.python, "-P", str(PLAYER)],
                cwd=self.side.tree,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={
                    **os.environ,
                    **WORKER_ENVIRONMENT,
                    "PYTHONPATH": os.pathsep.join(filter(None, paths)),
                },
                start_new_session=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        """End it, whatever it is doing."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def ask(self, do: str, **order: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
        """Give an order and wait for the answer.

        Raises:
            DuetError: The process died, took too long, or its own code raised.
        """
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("the player was not started")
        try:
            process.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
            process.stdin.flush()
            line = _line(process.stdout, time.monotonic() + self.limit_s)
        except (BrokenPipeError, EOFError) as error:
            code = process.wait()
            text = f"the {self.side.name} died ({_how(code)}){self._last_words()}"
            raise DuetError(text, self.side.name) from error
        except TimeoutError as error:
            text = f"the {self.side.name} did not answer {do!r} in {self.limit_s:g} s"
            raise DuetError(text, self.side.name) from error
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            text = f"the {self.side.name} cannot {do}: {answer['error']}"
            raise DuetError(text, self.side.name)
        return answer

    def _last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _line(stream: IO[bytes], deadline: float) -> bytes:
    """One line of a pipe; the parent sleeps in `select` meanwhile.

    Raises:
        EOFError: The process has ended.
        TimeoutError: The deadline came first.
    """
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError
            chunk = os.read(stream.fileno(), 1 << 16)
            if not chunk:
                raise EOFError
            line += chunk
    return line


def play(voices: Sequence[Voice], piece: Piece, score: Score, *, swap: bool) -> Pair:
    """Play one piece: both warm up, then windows in turn, the order turned round each time.

    Args:
        voices: Base and candidate.
        piece: What to play.
        score: How.
        swap: The candidate goes first; this alternates from pair to pair.

    Raises:
        DuetError: One of the two cannot play.
    """
    order = (1, 0) if swap else (0, 1)
    fastest_s = math.inf
    for side in order:
        cell = piece.cells[voices[side].side.name]
        answer = voices[side].ask("open", cell=cell, phase=piece.phase, warmup_s=score.warmup_s)
        fastest_s = min(fastest_s, answer["step_s"])
    steps = max(1, round(score.window_s / fastest_s)) + 1
    windows: tuple[list[tuple[float, ...]], ...] = ([], [])
    for turn in range(score.turns):
        for side in order if turn % 2 == 0 else reversed(order):
            seconds = voices[side].ask("play", steps=steps)["seconds"]
            windows[side].append(tuple(seconds[1:]))  # the first one warms the caches again
    return Pair(tuple(windows[0]), tuple(windows[1]))
