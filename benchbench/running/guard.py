"""The process between this one and a child: it ends the child with all that the child started.

It is started by its path, imports nothing but the standard library, and sleeps until the child has
ended or a signal says that it must. What a child leaves behind (forks, daemons that have a session
of their own, processes whose parents are gone) comes back to it, because it is their subreaper, and
is killed before it reports: nothing of one measurement runs during the next. It ends when the
parent does, however that ends, and the child ends with it. The parent itself reaps nothing but this
process: benchbench may be a library in somebody's program, who has children of his own.

Where there is no ``prctl`` or ``/proc`` (not Linux) it ends the child's process group alone.

    python -I -S guard.py <descriptor of the report> <pid of the parent> <command> ...

The report is one line of JSON: ``code``, the child's exit code, negative for a signal, or null
where it could not be ended; ``ended``, whether it was this process that ended it; and ``left``, the
number of processes that could not be.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

__all__ = ["main"]

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36  # of linux/prctl.h
STOP = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE_S = 10.0  # one that the kernel does not let go of (a lost disk or GPU) is left then
CANNOT_EXECUTE = 127  # the shell's own


def main() -> None:
    """Start the command, wait for its end, end what it left, and report."""
    report, parent, *command = sys.argv[1:]
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, children would reap themselves
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*STOP, signal.SIGCHLD))
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    if os.getppid() != int(parent):
        return  # it has ended before it could be watched
    out, me = int(report), os.getpid()
    os.set_inheritable(out, False)
    child = os.fork()
    if child == 0:
        _become(command, me, before)
    nothing = os.open(os.devnull, os.O_RDWR)
    for pipe in (0, 1):  # the child's alone
        os.dup2(nothing, pipe)
    codes, ended = dict[int, int](), False
    while child not in codes and not ended:
        ended = signal.sigwait((*STOP, signal.SIGCHLD)) in STOP
        codes |= _reaped()
    ended = ended and child not in codes
    codes |= _end_all(child)
    told = {"code": codes.get(child), "ended": ended, "left": len(_descendants(me))}
    with contextlib.suppress(BrokenPipeError):
        os.write(out, json.dumps(told).encode() + b"\n")


def _become(command: list[str], guard: int, mask: set[signal.Signals | int]) -> NoReturn:
    """Be the child: a group of its own, nothing blocked or ignored that Python ignores."""
    try:
        os.setsid()
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        if os.getppid() == guard:
            os.execvp(command[0], command)  # noqa: S606 - the parent's own words
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(CANNOT_EXECUTE)


def _prctl(option: int, value: int) -> None:
    """Ask the kernel for something that only Linux has."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import ctypes  # noqa: PLC0415 - an interpreter may be built without it

        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _reaped() -> dict[int, int]:
    """The exit codes of the children that have ended, by pid; all of them are ours to reap."""
    codes = dict[int, int]()
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            codes[found[0]] = os.waitstatus_to_exitcode(found[1])
    return codes


def _end_all(child: int) -> dict[int, int]:
    """Kill what descends from this process until nothing does; exit codes of what was reaped."""
    codes, until = dict[int, int](), time.monotonic() + PATIENCE_S
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    while (left := _descendants(os.getpid())) and time.monotonic() < until:
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        codes |= _reaped()
        time.sleep(0.001)
    return codes | _reaped()


def _descendants(ancestor: int) -> list[int]:
    """What descends from a process, what has ended and is not reaped included."""
    children = dict[int, list[int]]()
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parent = place.read_bytes().rpartition(b")")[2].split()[1]
            children.setdefault(int(parent), []).append(int(place.parent.name))
    found = list(children.get(ancestor, ()))
    for pid in found:  # which grows meanwhile
        found += children.get(pid, ())
    return found


if __name__ == "__main__":
    main()
