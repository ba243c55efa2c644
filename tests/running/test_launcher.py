"""A child process that speaks JSON lines: orders, messages, deadlines, and how it ends."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchbench.errors import OutputError
from benchbench.running import launcher
from benchbench.running.cells import Order
from benchbench.running.launcher import Child
from benchbench.worker import channel

HEAD = f"""
import importlib.util, os, subprocess, sys, time
spec = importlib.util.spec_from_file_location("by_path", {channel.__file__!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
channel = module.Channel()
"""
ECHO = HEAD + "while True: channel.send(answer=channel.order(), done=True)"
SOON_S = 20.0  # a child starts within that on any machine


def child(code: str, tmp_path: Path) -> Child:
    """A process that runs some lines of Python."""
    return Child([sys.executable, "-c", code], tmp_path / "logs" / "child.log")


def first(it: Child, limit_s: float = SOON_S) -> dict[str, Any]:
    """Its next message."""
    return next(it.messages(time.monotonic() + limit_s))


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_many_orders_are_answered_one_by_one(tmp_path: Path) -> None:
    """The same process answers each order, however long its line is."""
    with child(ECHO, tmp_path) as it:
        for order in ({"n": 1}, {"n": 2}, {"text": "x" * 200_000}):
            it.send(order)
            assert first(it) == {"answer": order, "done": True}


def test_only_the_channel_reads_and_writes(tmp_path: Path) -> None:
    """What a model prints goes to the log, what it reads is empty, and so do its own processes."""
    code = HEAD + (
        "order = channel.order()\n"
        "print('printed')\n"
        "subprocess.run(['sh', '-c', 'echo from a shell; cat'])\n"
        "channel.send(answer=[order, sys.stdin.read()], done=True)\n"
    )
    with child(code, tmp_path) as it:
        it.send({"n": 1})
        assert first(it) == {"answer": [{"n": 1}, ""], "done": True}
        assert it.end(SOON_S) == 0
    log = (tmp_path / "logs" / "child.log").read_text("utf-8")
    assert log.splitlines() == ["printed", "from a shell"]


def test_a_deadline_leaves_the_child_to_be_ended(tmp_path: Path) -> None:
    """It raises, and the end of the block kills the child."""
    with child(HEAD + "time.sleep(600)", tmp_path) as it:
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            first(it, 0.05)
        assert time.monotonic() - begin < SOON_S
    assert it.end(SOON_S) == -signal.SIGKILL


def test_one_that_died_ends_the_messages(tmp_path: Path) -> None:
    """Its exit code and its last words are there; an order to it is no error."""
    with child("import sys; sys.exit('a last word')", tmp_path) as it:
        assert list(it.messages(time.monotonic() + SOON_S)) == []
        it.send({"n": 1})
        assert it.end(SOON_S) == 1
        assert it.last_line() == ": a last word"


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    """Its whole group is killed, also where the child itself has ended already."""
    code = HEAD + (
        "started = subprocess.Popen(['sleep', '600'], stderr=subprocess.DEVNULL)\n"
        "channel.send(answer=started.pid, done=True)\n"
        "os._exit(0)\n"
    )
    with child(code, tmp_path) as it:
        pid = first(it)["answer"]
        assert is_alive(pid)
        assert it.end(SOON_S) == 0
    until = time.monotonic() + SOON_S
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_a_child_ends_when_its_parent_does(tmp_path: Path) -> None:
    """A closed standard input ends it in the middle of an order."""
    with child(HEAD + "channel.send(answer=os.getpid()); time.sleep(600)", tmp_path) as it:
        assert is_alive(first(it)["answer"])
        it._stdin.close()
        assert it.end(SOON_S) == 1


def test_a_worker_is_not_started_by_hand(tmp_path: Path) -> None:
    """Without an order it says who starts it."""
    with Child([sys.executable, "-m", "benchbench.worker.main"], tmp_path / "log") as it:
        it._stdin.close()
        assert it.end(SOON_S) == 1
        assert it.last_line() == ": this process is started by benchbench, not by hand"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("MemoryError()", "oom"),
        ("RuntimeError('CUDA out of memory')", "oom"),
        ("OSError(5)", "error"),
    ],
)
def test_a_failure_has_status_and_reason(tmp_path: Path, error: str, status: str) -> None:
    """Memory that ran out is told from every other fault."""
    with child(HEAD + f"channel.fail({error})", tmp_path) as it:
        failure = first(it)["failure"]
        assert failure["status"] == status
        assert failure["reason"].startswith(error.partition("(")[0])


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Nothing is started."""
    (tmp_path / "logs").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        child(ECHO, tmp_path)


def test_a_worker_that_takes_too_long_is_a_timeout(tmp_path: Path) -> None:
    """The reason says after how long, and in which phase."""
    outcome = launcher.work(Order("hello"), time_limit_s=0.01, log=tmp_path / "log")
    assert (outcome.status, outcome.reason) == ("timeout", "killed after 0.01 s in phase 'start'")
    assert not (tmp_path / "log").exists()
