"""The inside of one fresh process: builds the model, loads the data, runs probes, prints JSON.

The parent gives one order, and keeps standard input open for as long as it lives;
`benchbench.worker.channel` has the messages that go back.
"""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from benchbench import extensions
from benchbench.codec import restored
from benchbench.running.cells import Order
from benchbench.worker.channel import Channel
from benchbench.worker.memory import bound_memory, give_way

if TYPE_CHECKING:
    from collections.abc import Callable

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
    give_way()
    if order.cell is not None:
        bound_memory(order.cell)
        extensions.load(order.cell.extensions, Path(order.cell.folder))
    # torch is imported here, after the memory is bounded and with its errors reported.
    from benchbench.worker import tasks  # noqa: PLC0415

    return tasks.TASKS[order.task]


if __name__ == "__main__":
    main()
