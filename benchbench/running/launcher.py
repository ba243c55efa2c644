"""The worker: a child process that is started for each job, and what is made of what it says."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from benchbench.codec import plain, restored
from benchbench.errors import BenchbenchError
from benchbench.metrics.measurement import Measurement  # noqa: TC001 - `codec` reads it
from benchbench.running.child import GRACE_S, INSIDE, Child, MessageError
from benchbench.running.log import LogError
from benchbench.running.memory import oom_kills

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.running.cells import Order
    from benchbench.running.child import Ending

__all__ = ["Outcome", "Status", "work"]

CHANNEL_LOST = 71  # exit code of `benchbench.worker.channel` where it cannot speak

Status = Literal["ok", "invalid", "error", "oom", "timeout", "crash"]

# OpenMP's threads spin while they wait for each other. That is fast where they have the cores to
# themselves; where they have not, counting took three times as long. Timing keeps the default.
COUNTING = {"OMP_WAIT_POLICY": "passive"}

BOOT = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import benchbench
del sys.path[0]
from benchbench.worker.main import main
main()
"""

# Nothing is imported from the working folder (-P) but what is found nowhere else: a `queue.py` or
# `types.py` there is the user's own. The worker runs this very package, wherever it lies.
COMMAND = ("-P", "-c", BOOT, str(Path(__file__).resolve().parents[2]))


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a worker ended and what it had measured until then.

    Attributes:
        status: ``ok``; ``invalid`` (it ran, and a probe refused its figure); ``error`` (the model
            raised), ``oom``, ``timeout``, ``crash`` (the process died).
        reason: One line; empty where all is well.
        measurements: What it had emitted, as JSON.
        facts: What really ran: step mode, neuron implementation, optimizer.
        seconds: Time from start to end.
    """

    status: Status
    reason: str
    measurements: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def work(
    order: Order,
    *,
    time_limit_s: float,
    log: Path,
    on_phase: Callable[[str], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    on_trace: Callable[[str, str], None] = lambda _name, _text: None,
) -> Outcome:
    """Run one worker to its end.

    Args:
        order: What the worker is to do.
        time_limit_s: Time after which it is killed, seconds.
        log: File of its standard error; removed where nothing was written.
        on_phase: Called with the name of each phase.
        on_note: Called with each line that is worth keeping on the screen.
        on_trace: Called with name and text of each file of raw readings.

    Raises:
        OutputError: The log cannot be written.
        BenchbenchError: This is a worker itself.
        KeyboardInterrupt: Passed on, after the worker was killed.
    """
    if os.environ.get(INSIDE):
        raise BenchbenchError(
            "a model's file runs benchbench while the worker loads it: put that call under "
            'if __name__ == "__main__":'
        )
    order = replace(order, path=_importable())
    begin, kills = time.monotonic(), oom_kills()
    heard = _Heard(on_phase, on_note, on_trace)
    stopped: tuple[Status, str] | None = None
    own = COUNTING if order.task in {"count", "count_once"} else {}
    with Child([sys.executable, *COMMAND], log, environment=own) as child:
        child.send(plain(order))
        try:
            for message in child.messages(begin + time_limit_s):
                _hear(message, heard)
                if heard.done:
                    break
        except TimeoutError:
            reason = f"killed after {time_limit_s:g} s in phase {heard.phase!r}"
            stopped = "timeout", reason
        except MessageError as error:
            where = f"in phase {heard.phase!r}, and it was ended: {error}"
            stopped = "error", f"something else wrote on the worker's own output {where}"
        except LogError as error:
            stopped = "error", f"ended in phase {heard.phase!r}: {error}"
        ending = child.end(0.0 if stopped else GRACE_S)
        status, reason = stopped or _judge(ending, heard, child, _more_kills(kills))
    with contextlib.suppress(OSError):
        if log.stat().st_size == 0:
            log.unlink()
    if ending.left:
        left = f"{ending.left} process(es) that it started cannot be ended"
        reason = f"{reason}; {left}" if reason else left
    seconds = time.monotonic() - begin
    return Outcome(status, reason, heard.measurements, heard.facts, seconds)


def _importable() -> tuple[str, ...]:
    """What this process can import from, and the working folder last."""
    try:
        here = str(Path.cwd())
    except FileNotFoundError:  # it was removed, and nothing can be imported from it
        return tuple(place for place in sys.path if Path(place).is_absolute())
    places = [str(Path(place).absolute()) for place in sys.path]
    return (*(place for place in places if place != here), here)


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an order failed."""

    status: Literal["error", "oom", "invalid"]
    reason: str


@dataclass(frozen=True, slots=True)
class _Trace:
    """A file of raw readings."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class _Said:
    """A message of a worker, as `benchbench.worker.channel` has it: nothing else is taken in."""

    phase: str | None = None
    note: str | None = None
    measurements: tuple[Measurement, ...] = ()
    trace: _Trace | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    failure: _Failure | None = None
    done: bool = False


@dataclass(slots=True)
class _Heard:
    """What a worker has said so far, and who is told at once."""

    on_phase: Callable[[str], None]
    on_note: Callable[[str], None]
    on_trace: Callable[[str, str], None]
    measurements: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    phase: str = "start"
    failure: tuple[Status, str] | None = None
    done: bool = False


def _hear(message: dict[str, Any], heard: _Heard) -> None:
    """Take a message in.

    Raises:
        MessageError: It is an object, and none of ours: a figure that it cannot be is kept nowhere.
    """
    try:
        said = restored(_Said, message)
    except ValueError as error:
        raise MessageError(" ".join(str(error).split())[:200]) from error
    given = message.get("measurements", [])
    again = {it["name"] for it in given}
    heard.measurements = [it for it in heard.measurements if it["name"] not in again] + given
    heard.facts |= said.facts
    heard.done = heard.done or said.done
    if said.phase is not None:
        heard.phase = said.phase
        heard.on_phase(heard.phase)
    if said.note is not None:
        heard.on_note(said.note)
    if said.trace is not None:
        heard.on_trace(said.trace.name, said.trace.text)
    if said.failure is not None and heard.failure is None:
        heard.failure = said.failure.status, said.failure.reason


def _judge(ending: Ending, heard: _Heard, child: Child, kills: int | None) -> tuple[Status, str]:
    """What an ending comes to.

    Args:
        ending: How it ended.
        heard: What it had said until then.
        child: The process, for the last line of its log.
        kills: Kills of the kernel for want of memory meanwhile; None where it does not count them.
    """
    phase = f"in phase {heard.phase!r}"
    if heard.failure is not None:
        return heard.failure
    if heard.done and (ending.ours or ending.code == 0):
        return "ok", ""
    if ending.ours:
        return "crash", f"closed its output {phase} and did not end by itself{child.last_line()}"
    if ending.code == CHANNEL_LOST:
        return "error", f"the model closed the worker's own files {phase}"
    if ending.code == -signal.SIGKILL:
        return _killed(phase, kills)
    return "crash", f"{ending.how} {phase}{child.last_line()}"


def _killed(phase: str, kills: int | None) -> tuple[Status, str]:
    """What is known of who killed it."""
    if kills:
        return "oom", (
            f"killed by SIGKILL {phase}; the kernel's out-of-memory killer ended {kills} "
            "process(es) meanwhile"
        )
    told = "whether the kernel did, out of memory, it does not say here (see dmesg)"
    if kills == 0:
        told = "the kernel has ended nothing for want of memory meanwhile"
    return "crash", f"killed by SIGKILL {phase}, and not by benchbench: {told}"


def _more_kills(before: int | None) -> int | None:
    after = oom_kills()
    return None if before is None or after is None else after - before
