"""The inside of one fresh process: builds the model, loads the data, runs probes, prints JSON.

The parent writes one line of JSON to standard input and keeps it open; standard output carries one
JSON object a line: ``phase``, ``note``, ``measurements``, ``trace``, ``facts``, ``failure`` or
``done``. What the model itself prints goes to standard error.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["main"]


class Channel:
    """The line to the parent; nothing else can write to it.

    Attributes:
        job: The job's name, for files that belong to it.
    """

    def __init__(self) -> None:
        """Take standard output away from everybody else."""
        self.job = ""
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)

    def send(self, **message: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Write one message."""
        self._out.write(json.dumps(message) + "\n")
        self._out.flush()

    def phase(self, name: str) -> None:
        """Say what begins now."""
        self.send(phase=name)

    def note(self, text: str) -> None:
        """Say something that is worth a line of its own."""
        self.send(note=text)

    def measurements(self, figures: Sequence[Measurement]) -> None:
        """Hand figures over at once, so that a later crash does not lose them."""
        self.send(measurements=[figure.to_json() for figure in figures])


def main() -> None:
    """Do what the parent says, then end."""
    channel = Channel()
    spec = json.loads(_first_line())
    channel.job = spec.get("job", "")
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - open for the whole process
    try:
        _task(spec)(spec, channel)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it becomes a row of the report
        traceback.print_exc()
        channel.send(failure={"status": _status(error), "reason": _reason(error)})
        sys.stderr.flush()
        os._exit(1)
    channel.send(done=True)


def _task(spec: dict[str, Any]) -> Callable[[dict[str, Any], Channel], None]:
    _bound_memory(spec)
    # torch is imported here, after the memory is bounded and with its errors reported.
    from benchbench.worker import tasks  # noqa: PLC0415

    return tasks.TASKS[spec["task"]]


def _first_line() -> bytes:
    """The first line of standard input, unbuffered: the rest is only there to be closed."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            raise SystemExit("the worker is started by benchbench, not by hand")
        line += byte
    return line


def _end_with_the_parent() -> None:
    """Standard input closes when the parent ends, however it ends: then so does the worker."""
    while os.read(0, 1):
        pass
    os._exit(1)


def _bound_memory(spec: dict[str, Any]) -> None:
    """Make an allocation without end an error of the worker, not of the whole machine.

    CUDA reserves far more address space than it uses, so only workers on the CPU are bounded.
    """
    cell = spec.get("cell")
    Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # if the kernel kills, kill this
    if cell is None or cell["device"] != "cpu":
        return
    limit_gib = cell["settings"]["memory_limit_gib"]
    limit = int(limit_gib * 2**30) if limit_gib else int(0.9 * _available_bytes())
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _available_bytes() -> int:
    """Memory that the kernel says is available, or the cgroup's limit where that is less."""
    available = 0
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        if line.startswith("MemAvailable:"):
            available = int(line.split()[1]) * 1024  # the kernel's kB are KiB
    file = Path("/sys/fs/cgroup/memory.max")
    text = file.read_text("ascii").strip() if file.is_file() else "max"
    return available if text == "max" else min(available, int(text))


def _status(error: BaseException) -> str:
    text = str(error).lower()
    memory = (
        "can't allocate memory",
        "not enough memory",
        "out of memory",
        "bad_alloc",
        "cannot allocate memory",
    )
    if isinstance(error, MemoryError) or any(word in text for word in memory):
        return "oom"
    return "error"


def _reason(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:500]


if __name__ == "__main__":
    main()
