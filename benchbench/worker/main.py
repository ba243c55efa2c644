"""The inside of one fresh process: builds the model, loads the data, runs probes, prints JSON.

The parent gives one order, and keeps standard input open for as long as it lives;
`benchbench.worker.channel` has the messages that go back.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from benchbench import extensions
from benchbench.codec import restored
from benchbench.running.cells import Order
from benchbench.worker.channel import Channel

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.running.cells import Cell

__all__ = ["main"]

LEVELS = 50  # of a traceback: a recursion without end has a thousand


def main() -> None:
    """Do what the parent says, then end."""
    channel = Channel()
    try:
        order = restored(Order, channel.order())
        sys.path += [place for place in order.path if place not in sys.path]
        _task(order)(order, channel)
    except BaseException as error:  # noqa: BLE001 - whatever it is, it becomes a row of the report
        channel.fail(error)
        _leave(1, error)
    channel.send(done=True)
    _leave(0)


def _leave(code: int, error: BaseException | None = None) -> NoReturn:
    """End at once: no thread, exit handler or finaliser of the model's is waited for."""
    with contextlib.suppress(BaseException):  # the model may have put its own streams there
        if error is not None:
            traceback.print_exception(error, limit=LEVELS)
        sys.stderr.flush()
        sys.stdout.flush()
    os._exit(code)


def _task(order: Order) -> Callable[[Order, Channel], None]:
    _bound_memory(order.cell)
    if order.cell is not None:
        extensions.load(order.cell.extensions, Path(order.cell.folder))
    # torch is imported here, after the memory is bounded and with its errors reported.
    from benchbench.worker import tasks  # noqa: PLC0415

    return tasks.TASKS[order.task]


def _bound_memory(cell: Cell | None) -> None:
    """Make an allocation without end an error of the worker, not of the whole machine.

    CUDA reserves far more address space than it uses, so only workers on the CPU are bounded.
    """
    with contextlib.suppress(OSError):  # if the kernel kills, kill this
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    if cell is None or cell.device != "cpu":
        return
    limit_gib = cell.settings.memory_limit_gib
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


if __name__ == "__main__":
    main()
