"""The child's side of the one process protocol: orders in, messages out, a line of JSON each.

Standard input brings the orders and stays open for as long as the parent lives. Standard output
carries one JSON object a line, with one or more of these keys:

    phase         the name of what begins now
    note          a sentence that is worth a line of its own on the screen
    measurements  figures, as JSON
    trace         name and text of a file of raw readings
    facts         what really runs
    answer        what an order asked for
    failure       status (`error`, `oom`, `invalid`) and reason
    done          the order is carried out

The parent's side is `benchbench.running.child.Child`. The gate's agent loads this file by its
path beside another revision's package: it imports nothing but the standard library.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import queue
import sys
import sysconfig
import threading
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["CHANNEL_LOST", "MOST_LETTERS", "Channel", "failure_of"]

CHANNEL_LOST = 71
"""Exit code of a worker that cannot speak: a model has closed its output (EX_OSERR)."""

MOST_LETTERS = 500
"""Letters of a reason; what raises ten megabytes of text is one row as well."""

INSTALLED = {"site-packages", "dist-packages"}
STANDARD = Path(sysconfig.get_paths()["stdlib"])

OUT_OF_MEMORY = (
    "can't allocate memory",
    "not enough memory",
    "out of memory",
    "bad_alloc",
    "cannot allocate memory",
)


class Channel:
    """The line to the parent; nothing else in the process can read from it or write to it."""

    def __init__(self) -> None:
        """Take standard input and output away from everybody else, and end with the parent.

        What a model prints goes to standard error, and where it reads there is nothing.
        """
        self._out = os.dup(1)
        self._pipe, self._pid = _identity(self._out), os.getpid()
        os.dup2(2, 1)
        orders = os.dup(0)
        with Path(os.devnull).open("rb") as nothing:
            os.dup2(nothing.fileno(), 0)
        self._orders: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(orders,), daemon=True).start()

    def order(self) -> dict[str, Any]:
        """Wait for the next order."""
        order: dict[str, Any] = json.loads(self._orders.get())
        return order

    def send(self, **message: Any) -> None:  # noqa: ANN401 - whatever JSON holds
        """Write one message.

        Raises:
            ValueError: A figure is NaN or infinite: JSON has no such number.
        """
        line = memoryview(json.dumps(message, allow_nan=False).encode() + b"\n")
        if os.getpid() != self._pid and multiprocessing.parent_process() is None:
            os._exit(0)  # a bare fork of the model's, come back here: it measures nothing
        try:
            if _identity(self._out) != self._pipe:
                os._exit(CHANNEL_LOST)  # a file of the model's has the number now
            while line:
                line = line[os.write(self._out, line) :]
        except OSError:
            os._exit(CHANNEL_LOST)

    def phase(self, name: str) -> None:
        """Say what begins now."""
        self.send(phase=name)

    def note(self, text: str) -> None:
        """Say something that is worth a line of its own."""
        self.send(note=text)

    def measurements(self, figures: Sequence[Measurement]) -> None:
        """Hand figures over at once, so that a later crash does not lose them."""
        self.send(measurements=[figure.to_json() for figure in figures])

    def refused(self, reason: str) -> None:
        """Say that a probe refused, and why: the job went on, and is not valid."""
        self.send(failure={"status": "invalid", "reason": reason})

    def fail(self, error: BaseException) -> None:
        """Say that an order failed, in one line: ``oom`` where memory ran out, else ``error``."""
        status, reason = failure_of(error)
        self.send(failure={"status": status, "reason": reason})

    def _read(self, orders: int) -> None:
        """Queue the orders; standard input closes when the parent ends, however it ends: end then.

        A thread of its own notices that in the middle of an order, too.
        """
        heard, buffer = False, b""
        while chunk := os.read(orders, 1 << 16):  # no buffered file: Python could not close it
            *lines, buffer = (buffer + chunk).split(b"\n")
            for line in lines:
                self._orders.put(line)
                heard = True
        if not heard:
            sys.stderr.write("this process is started by benchbench, not by hand\n")
            sys.stderr.flush()
        os._exit(1)


def failure_of(error: BaseException) -> tuple[str, str]:
    """Status and reason of an exception, in one line; its class may be the model's own."""
    try:
        text = str(error)
    except BaseException as fault:  # noqa: BLE001 - whatever the class does
        text = f"its text cannot be had ({type(fault).__name__})"
    text = " ".join(text.split())
    no_memory = any(words in text.lower() for words in OUT_OF_MEMORY)
    status = "oom" if no_memory or isinstance(error, MemoryError) else "error"
    # Cut twice: what ten megabytes become is not escaped, and what is escaped has more letters.
    place = _place_of(error)
    most = MOST_LETTERS - len(place)
    reason = f"{type(error).__name__}: {text}"[:most].encode("utf-8", "backslashreplace")
    return status, reason.decode()[:most] + place


def _place_of(error: BaseException) -> str:
    """Where in the user's own code an exception was raised or passed, as ``(my.py:12, in net)``.

    Empty where that is nowhere, and of what benchbench raises on purpose: its text says where.
    """
    if type(error).__module__.startswith("benchbench."):
        return ""
    ours = Path(__file__).resolve().parents[1]
    own = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.endswith(".py")
        and not INSTALLED & {*Path(frame.filename).parts}
        and not Path(frame.filename).is_relative_to(ours)
        and not Path(frame.filename).is_relative_to(STANDARD)
    ]
    if not own:
        return ""
    last = own[-1]
    name = Path(last.filename).name[:60].encode("ascii", "backslashreplace").decode()
    return f" ({name}:{last.lineno}, in {last.name[:60]})"


def _identity(descriptor: int) -> tuple[int, int]:
    """What file a descriptor stands for."""
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino
