"""One fresh worker process: start it, hear its phases, bound its time, say how it ended."""

from __future__ import annotations

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from benchbench.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["WORKER_ENVIRONMENT", "Outcome", "Status", "work"]

Status = Literal["ok", "invalid", "error", "oom", "timeout", "crash"]

WORKER_ENVIRONMENT = {
    # glibc hands large tensors back to the kernel at every iteration; keeping them made the same
    # training step 1.5 x as fast, with less spread. One setting for every cell, recorded.
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    "PYTHONUNBUFFERED": "1",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a worker ended and what it had measured until then.

    Attributes:
        status: ``ok``; ``invalid`` (it ran, and a probe refused its figure); ``error`` (the model
            raised), ``oom``, ``timeout``, ``crash`` (the process died).
        reason: One line; empty where all is well.
        measurements: What it had emitted, as JSON.
        facts: What really ran: step mode, neuron implementation, optimizer.
        seconds: From start to end.
    """

    status: Status
    reason: str
    measurements: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def work(
    spec: Mapping[str, Any],
    *,
    time_limit_s: float,
    log: Path,
    on_phase: Callable[[str], None] = lambda _: None,
    on_note: Callable[[str], None] = lambda _: None,
    on_trace: Callable[[str, str], None] = lambda _name, _text: None,
) -> Outcome:
    """Run one worker to its end.

    The parent sleeps in `select` while the worker measures: the worker writes a line only between
    windows. The worker's standard input stays open for as long as the parent lives, and the worker
    ends itself when it closes, so that a killed parent leaves no orphan behind.

    Args:
        spec: What to do, see `benchbench.worker.main`.
        time_limit_s: After which it is killed.
        log: Where its standard error goes; removed where nothing was written.
        on_phase: Called with the name of each phase.
        on_note: Called with each line that is worth keeping on the screen.
        on_trace: Called with name and text of each file of raw readings.

    Raises:
        OutputError: The log cannot be written.
        KeyboardInterrupt: Passed on, after the worker was killed.
    """
    begin = time.monotonic()
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        errors = log.open("wb")
    except OSError as error:
        raise OutputError(f"{log}: cannot be written: {error.strerror}") from error
    with errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchbench.worker.main"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **WORKER_ENVIRONMENT},
            start_new_session=True,
        )
        heard, timed_out = _Heard(on_phase, on_note, on_trace), True
        try:
            timed_out = not _listen(process, spec, begin + time_limit_s, heard)
        finally:
            _end(process, kill=timed_out)
    outcome = _judge(
        process.returncode,
        heard,
        log,
        time_limit_s if timed_out else None,
        time.monotonic() - begin,
    )
    if log.stat().st_size == 0:
        log.unlink()
    return outcome


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


def _listen(
    process: subprocess.Popen[bytes],
    spec: Mapping[str, Any],
    deadline: float,
    heard: _Heard,
) -> bool:
    """Hear the worker until it closes its output; False where the deadline came first."""
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the worker was started without pipes")
    try:
        process.stdin.write(json.dumps(spec).encode() + b"\n")
        process.stdin.flush()
    except BrokenPipeError:
        return True  # it died at once: `_judge` says how
    buffer = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while selector.select(max(0.0, deadline - time.monotonic())):
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return True
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                _hear(json.loads(line), heard)
    return False


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


def _end(process: subprocess.Popen[bytes], *, kill: bool) -> None:
    """Reap the worker; kill it and its children where it does not end by itself.

    Its standard input is closed last: closing it tells a worker to end at once.
    """
    try:
        process.wait(timeout=0 if kill else 10)  # closing the output comes just before the exit
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def _judge(code: int, heard: _Heard, log: Path, limit_s: float | None, seconds: float) -> Outcome:
    status: Status
    if limit_s is not None:
        status, reason = "timeout", f"killed after {limit_s:g} s in phase {heard.phase!r}"
    elif heard.failure is not None:
        status, reason = heard.failure
    elif heard.done and code == 0:
        status, reason = "ok", ""
    elif code == -signal.SIGKILL:
        status = "crash"
        reason = (
            f"killed by SIGKILL in phase {heard.phase!r}: most often the kernel's "
            "out-of-memory killer (see dmesg)"
        )
    elif code < 0:
        status = "crash"
        reason = f"died of {signal.Signals(-code).name} in phase {heard.phase!r}{_last_line(log)}"
    else:
        status = "crash"
        reason = f"ended with exit code {code} in phase {heard.phase!r}{_last_line(log)}"
    return Outcome(status, reason, heard.measurements, heard.facts, seconds)


def _last_line(log: Path) -> str:
    lines = log.read_text("utf-8", "replace").strip().splitlines()
    return f": {lines[-1]}" if lines else ""
