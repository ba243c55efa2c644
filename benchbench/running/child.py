"""A child process that speaks JSON lines, of whom nothing is left when it has ended."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from benchbench.errors import OutputError
from benchbench.running.log import LOOK_S, check_length, last_line, shorten

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["GRACE_S", "INSIDE", "WORKER_ENVIRONMENT", "Child", "Ending", "MessageError"]

INSIDE = "BENCHBENCH_WORKER"  # set in a worker's environment

WORKER_ENVIRONMENT = {
    # glibc hands large tensors back to the kernel at every iteration; keeping them made the same
    # training step 1.5 x as fast, with less spread. One setting for every cell, recorded.
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TRIM_THRESHOLD_": "4294967296",
    # On pages of 2 MiB, where the kernel has them for who asks, it is some 4 % faster again.
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
    "PYTHONUNBUFFERED": "1",
    INSIDE: "1",
}

TUNABLES = "GLIBC_TUNABLES"

GRACE_S = 10.0  # closing the output comes just before the exit
GUARD = Path(__file__).with_name("guard.py")
LONGEST = 1 << 28  # bytes of a line; the raw readings of a long window are some megabytes
SHOWN = 60  # characters of what is no message


class MessageError(ValueError):
    """What came on a child's output is no message of ours; a row of the report says so."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended.

    Attributes:
        code: Exit code, negative for a signal.
        ours: Whether it was ended from here, and did not end by itself.
        left: Number of processes that it started and that could not be ended.
    """

    code: int
    ours: bool
    left: int = 0

    @property
    def how(self) -> str:
        """It in words, for a sentence: ``ended with exit code 3``, ``died of SIGSEGV``."""
        if self.code >= 0:
            return f"ended with exit code {self.code}"
        try:
            return f"died of {signal.Signals(-self.code).name}"
        except ValueError:  # a real-time signal
            return f"died of signal {-self.code}"


class Child:
    """A process of its own group that takes orders and sends messages, a line of JSON each.

    Its own side of the pipes is `benchbench.worker.channel`. The parent sleeps in `select` while
    the child measures, but for a look at the length of the log every five seconds: the child writes
    a line only between windows. `benchbench.running.guard` stands between the two: the child ends
    when the parent does, and all that it started with it.
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
        self._report, report = os.pipe()
        guard = [sys.executable, "-I", "-S", str(GUARD), str(report), str(os.getpid())]
        with errors:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - an interpreter and our own file
                    [*guard, *command],
                    cwd=folder,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**os.environ, **WORKER_ENVIRONMENT, **_tuned(), **(environment or {})},
                    pass_fds=(report,),
                    start_new_session=True,
                )
            except BaseException:
                os.close(self._report)
                raise
            finally:
                os.close(report)
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the child was started without pipes")
        self._stdin, self._stdout = self._process.stdin, self._process.stdout
        self._log, self._buffer = log, bytearray()
        self._ending: Ending | None = None

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
        """Hear what it says until it has ended; a later call goes on where one stopped.

        Args:
            deadline: Time of `time.monotonic` that is waited for at most.

        Raises:
            TimeoutError: The deadline came first.
            MessageError: Somebody else writes where it speaks.
            LogError: Its log is too long.
        """
        searched = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self._stdout, selectors.EVENT_READ)
            selector.register(self._report, selectors.EVENT_READ)
            while True:
                end = self._buffer.find(b"\n", searched)
                if end >= 0:
                    line, searched = bytes(self._buffer[:end]), 0
                    del self._buffer[: end + 1]
                    yield _message(line)
                    continue
                searched = len(self._buffer)
                if searched > LONGEST:
                    raise MessageError(f"a line of more than {LONGEST:,} bytes")
                left = deadline - time.monotonic()
                ready = selector.select(max(0.0, min(left, LOOK_S)))
                check_length(self._log)
                if not ready:
                    if left <= LOOK_S:
                        raise TimeoutError
                    continue
                if all(key.fileobj is self._report for key, _ in ready):
                    return  # it has ended, whoever else may hold its output
                chunk = os.read(self._stdout.fileno(), 1 << 16)
                if not chunk:  # closed: by its end, or by a model that closes what is open
                    selector.unregister(self._stdout)
                self._buffer += chunk

    def end(self, grace_s: float) -> Ending:
        """Wait for its end, or end it, and with it all that it has started.

        Standard input is closed last: closing it tells a child to end at once.

        Args:
            grace_s: Time that it has to end by itself, seconds.

        Returns:
            How it ended; the same at every call.
        """
        if self._ending is None:
            until = time.monotonic() + grace_s
            while not _has_ended(self._process.pid) and time.monotonic() < until:
                time.sleep(0.005)  # it is not reaped yet, so that nobody else can have its number
            asked = not _has_ended(self._process.pid)
            if asked:
                self._process.terminate()
            self._ending = self._ended(self._process.wait(), asked=asked)
            shorten(self._log)
        for pipe in (self._stdin, self._stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
        return self._ending

    def _ended(self, code: int, *, asked: bool) -> Ending:
        """What the guard reports; where it was killed itself, what became of it.

        Args:
            code: Exit code of the guard.
            asked: Whether it was told from here to end the child.
        """
        os.set_blocking(self._report, False)
        try:
            text = os.read(self._report, 1 << 12)
        except BlockingIOError:
            text = b""
        finally:
            os.close(self._report)
        if not text:
            return Ending(code, ours=asked and code == -signal.SIGTERM)
        told = json.loads(text)
        killed = told["code"] is None or told["ended"]
        code = -signal.SIGKILL if killed else told["code"]
        return Ending(code, asked and told["ended"], told["left"])

    def last_line(self) -> str:
        """``: `` and the last line of its log; nothing where it wrote none."""
        with contextlib.suppress(OSError):
            line = last_line(self._log)
            return f": {line}" if line else ""
        return ""


def _message(line: bytes) -> dict[str, Any]:
    """A line as the object that it holds.

    Raises:
        MessageError: It holds none, or a number that JSON does not have.
    """
    try:
        found = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise _not_a_message(line) from error
    if not isinstance(found, dict):
        raise _not_a_message(line)
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _not_a_message(line: bytes) -> MessageError:
    text = line[: 4 * SHOWN].decode("utf-8", "backslashreplace")
    shown = text if len(text) <= SHOWN and len(line) <= 4 * SHOWN else f"{text[:SHOWN]}..."
    return MessageError(repr(shown))


def _has_ended(pid: int) -> bool:
    """Whether a child has ended; it is not reaped."""
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _tuned() -> dict[str, str]:
    """What the user has told glibc stays, and counts where it says otherwise."""
    theirs = os.environ.get(TUNABLES)
    return {TUNABLES: f"{WORKER_ENVIRONMENT[TUNABLES]}:{theirs}"} if theirs else {}
