"""A child process that speaks JSON lines, and the worker that is started as one for each job."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from benchbench.codec import plain
from benchbench.errors import BenchbenchError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from benchbench.running.cells import Order

__all__ = ["WORKER_ENVIRONMENT", "Child", "Outcome", "Status", "work"]

Status = Literal["ok", "invalid", "error", "oom", "timeout", "crash"]

INSIDE = "BENCHBENCH_WORKER"  # set in a worker's environment

WORKER_ENVIRONMENT = {
    # glibc hands large tensors back to the kernel at every iteration; keeping them made the same
    # training step 1.5 x as fast, with less spread. One setting for every cell, recorded.
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "PYTHONUNBUFFERED": "1",
    INSIDE: "1",
}

# OpenMP's threads spin while they wait for each other. That is fast where they have the cores to
# themselves; where they have not, counting took three times as long. Timing keeps the default.
COUNTING = {"OMP_WAIT_POLICY": "passive"}

GRACE_S = 10.0  # closing the output comes just before the exit


class Child:
    """A process of its own group that takes orders and sends messages, a line of JSON each.

    Its own side of the pipes is `benchbench.worker.channel`. The parent sleeps in `select` while
    the child measures: the child writes a line only between windows. The child's standard input
    stays open for as long as the parent lives, and the child ends itself when it closes, so that a
    killed parent leaves no orphan behind.
    """

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start the process.

        Args:
            command: Program and arguments.
            log: File that its standard error goes to.
            folder: Working folder; this process's own by default.
            environment: Variables besides this process's own and `WORKER_ENVIRONMENT`.

        Raises:
            OutputError: The log cannot be written.
        """
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            errors = log.open("wb")
        except OSError as error:
            raise OutputError(f"{log}: cannot be written: {error.strerror}") from error
        with errors:
            self._process = subprocess.Popen(  # noqa: S603 - an interpreter and our own module
                command,
                cwd=folder,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env={**os.environ, **WORKER_ENVIRONMENT, **(environment or {})},
                start_new_session=True,
            )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the child was started without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._log, self._buffer = log, b""

    def __enter__(self) -> Self:
        """Leave it to the end of the block that the process ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it now, whatever it is doing."""
        self.end(grace_s=0.0)

    def send(self, order: Mapping[str, Any]) -> None:
        """Give an order. One that died hears nothing: `messages` then ends at once."""
        with contextlib.suppress(BrokenPipeError):
            self._stdin.write(json.dumps(order).encode() + b"\n")
            self._stdin.flush()

    def messages(self, deadline: float) -> Iterator[dict[str, Any]]:
        """Hear what it says until it closes its output; a later call goes on where one stopped.

        Args:
            deadline: Time of `time.monotonic` that is waited for at most.

        Raises:
            TimeoutError: The deadline came first.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            while True:
                line, newline, rest = self._buffer.partition(b"\n")
                if newline:
                    self._buffer = rest
                    yield json.loads(line)
                    continue
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TimeoutError
                chunk = os.read(self._stdout.fileno(), 1 << 16)
                if not chunk:
                    return
                self._buffer += chunk

    def end(self, grace_s: float) -> int:
        """Reap it; kill what is left of its process group where it does not end by itself.

        Standard input is closed last: closing it tells a child to end at once.

        Args:
            grace_s: Time that it has to end by itself, seconds.

        Returns:
            The exit code, negative for a signal; the same at every call.
        """
        if self._process.returncode is None:
            until = time.monotonic() + grace_s
            while not _has_ended(self._process.pid) and time.monotonic() < until:
                time.sleep(0.005)  # it is not reaped yet, so that nobody else can have its number
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return code

    def last_line(self) -> str:
        """``: `` and the last line of its log; nothing where it wrote none."""
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it is not reaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


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
    order = replace(order, path=tuple(str(Path(place).absolute()) for place in sys.path))
    begin = time.monotonic()
    heard, timed_out = _Heard(on_phase, on_note, on_trace), False
    own = COUNTING if order.task in {"count", "count_once"} else {}
    with Child([sys.executable, "-m", "benchbench.worker.main"], log, environment=own) as child:
        child.send(plain(order))
        try:
            for message in child.messages(begin + time_limit_s):
                _hear(message, heard)
        except TimeoutError:
            timed_out = True
        code = child.end(0.0 if timed_out else GRACE_S)
        status, reason = _judge(code, heard, child, time_limit_s if timed_out else None)
    if log.stat().st_size == 0:
        log.unlink()
    seconds = time.monotonic() - begin
    return Outcome(status, reason, heard.measurements, heard.facts, seconds)


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
    heard.measurements += message.get("measurements", [])
    heard.facts |= message.get("facts", {})
    heard.done = heard.done or message.get("done", False)
    if "phase" in message:
        heard.phase = message["phase"]
        heard.on_phase(heard.phase)
    if "note" in message:
        heard.on_note(message["note"])
    if "trace" in message:
        heard.on_trace(message["trace"]["name"], message["trace"]["text"])
    if "failure" in message and heard.failure is None:
        heard.failure = (message["failure"]["status"], message["failure"]["reason"])


def _judge(code: int, heard: _Heard, child: Child, limit_s: float | None) -> tuple[Status, str]:
    if limit_s is not None:
        return "timeout", f"killed after {limit_s:g} s in phase {heard.phase!r}"
    if heard.failure is not None:
        return heard.failure
    if heard.done and code == 0:
        return "ok", ""
    if code == -signal.SIGKILL:
        return "crash", (
            f"killed by SIGKILL in phase {heard.phase!r}: most often the kernel's "
            "out-of-memory killer (see dmesg)"
        )
    how = f"ended with exit code {code}"
    if code < 0:
        how = f"died of {signal.Signals(-code).name}"
    return "crash", f"{how} in phase {heard.phase!r}{child.last_line()}"
