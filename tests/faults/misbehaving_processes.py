"""Models that misbehave as processes: that end, hang, leave something behind, or write on pipes.

As `misbehaving`, whose neighbours stand beside them.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import torch
from misbehaving import KEPT, acting

FOREVER_S = 100_000.0

# What ends the process, or never does.


@acting
def exits_at_once() -> None:
    os._exit(0)


@acting
def exits_at_once_with_3() -> None:
    os._exit(3)


@acting
def segfaults() -> None:
    ctypes.string_at(0)


@acting
def aborts() -> None:
    os.abort()


@acting
def kills_itself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@acting
def dies_of_a_real_time_signal() -> None:
    os.kill(os.getpid(), signal.SIGRTMIN + 3)


@acting
def kills_its_guard() -> None:
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(FOREVER_S)


@acting
def hangs() -> None:
    time.sleep(FOREVER_S)


@acting
def hangs_with_the_lock() -> None:
    ctypes.PyDLL(None).pause()  # never lets go of the interpreter


@acting
def hangs_deaf() -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_IGN)
    time.sleep(FOREVER_S)


@acting
def allocates_without_end() -> None:
    while True:
        KEPT.append(torch.ones(1 << 26))


# What leaves something behind.


@acting
def forks() -> None:
    if os.fork() == 0:
        time.sleep(FOREVER_S)


@acting
def forks_a_session() -> None:
    if os.fork() == 0:
        os.setsid()
        time.sleep(FOREVER_S)


@acting
def forks_a_daemon() -> None:
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(FOREVER_S)
        os._exit(0)


@acting
def forks_and_goes_on_twice() -> None:
    os.fork()


@acting
def leaves_a_process() -> None:
    KEPT.append(subprocess.Popen(["sleep", "100000"], env={}, start_new_session=True))


@acting
def leaves_a_thread() -> None:
    threading.Thread(target=time.sleep, args=(FOREVER_S,)).start()


@acting
def leaves_an_exit_handler() -> None:
    atexit.register(time.sleep, FOREVER_S)


class _Unwilling:
    def __del__(self) -> None:
        raise ValueError("it does not go")


class _Exiting:
    def __del__(self) -> None:
        raise SystemExit(0)


@acting
def leaves_what_exits_when_it_goes() -> None:
    KEPT.append(_Exiting())
    _Exiting()


@acting
def leaves_what_does_not_go() -> None:
    KEPT.append(_Unwilling())
    _Unwilling()


# What writes where it should not.

LIES = b'{"measurements": [{"name": "params", "value": 1, "unit": "1"}], "done": true}\n'


def _on_every_pipe(data: bytes) -> None:
    """Write on every pipe that this process has open, the worker's own output among them."""
    for place in Path("/proc/self/fd").iterdir():
        try:
            if os.readlink(place).startswith("pipe:"):
                os.write(int(place.name), data)
        except OSError:
            continue  # the end that is read from


@acting
def prints_messages() -> None:
    print(LIES.decode(), flush=True)
    os.write(1, LIES)


@acting
def writes_messages() -> None:
    _on_every_pipe(LIES)


@acting
def writes_half_a_line() -> None:
    _on_every_pipe(b'{"done": ')


@acting
def writes_bytes() -> None:
    _on_every_pipe(bytes(range(256)))


@acting
def leaves_its_session() -> None:
    os.setsid()


@acting
def leaves_its_group() -> None:
    os.setpgid(0, 0)


@acting
def prints_a_gigabyte() -> None:
    for _ in range(1024):
        os.write(1, bytes(1 << 20))
        os.write(2, b"x" * (1 << 19) + b"\n")


@acting
def closes_twenty_files() -> None:
    os.closerange(0, 21)


@acting
def closes_every_file() -> None:
    os.closerange(0, 4096)


@acting
def takes_every_descriptor() -> None:
    while True:
        KEPT.append(os.open(os.devnull, os.O_RDONLY))


@acting
def redirects_the_output() -> None:
    sys.stdout = sys.stderr = None  # type: ignore[assignment]
