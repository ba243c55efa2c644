"""A child process that speaks JSON lines: orders, messages, deadlines, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from benchbench.errors import OutputError
from benchbench.running import launcher
from benchbench.running.cells import Order
from benchbench.running.child import Child, MessageError
from benchbench.running.guard import _descendants as descendants
from benchbench.running.log import LogError
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
        assert it.end(SOON_S).code == 0
    log = (tmp_path / "logs" / "child.log").read_text("utf-8")
    assert log.splitlines() == ["printed", "from a shell"]


def test_a_deadline_leaves_the_child_to_be_ended(tmp_path: Path) -> None:
    """It raises, and the end of the block kills the child."""
    with child(HEAD + "time.sleep(600)", tmp_path) as it:
        begin = time.monotonic()
        with pytest.raises(TimeoutError):
            first(it, 0.05)
        assert time.monotonic() - begin < SOON_S
    assert it.end(SOON_S).ours


def test_one_that_died_ends_the_messages(tmp_path: Path) -> None:
    """Its exit code and its last words are there; an order to it is no error."""
    with child("import sys; sys.exit('a last word')", tmp_path) as it:
        assert list(it.messages(time.monotonic() + SOON_S)) == []
        it.send({"n": 1})
        assert it.end(SOON_S).code == 1
        assert it.last_line() == ": a last word"


def test_what_a_child_started_ends_with_it(tmp_path: Path) -> None:
    """Its whole group is killed, also where the child itself has ended already."""
    code = HEAD + (
        "started = subprocess.Popen(['sleep', '600'], stderr=subprocess.DEVNULL)\n"
        "channel.send(answer=started.pid)\n"
        "channel.order(); os._exit(0)\n"
    )
    with child(code, tmp_path) as it:
        pid = first(it)["answer"]
        assert is_alive(pid)
        it.send({})
        assert it.end(SOON_S).code == 0
    until = time.monotonic() + SOON_S
    while is_alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert not is_alive(pid)


def test_a_child_ends_when_its_parent_does(tmp_path: Path) -> None:
    """A closed standard input ends it in the middle of an order."""
    with child(HEAD + "channel.send(answer=os.getpid()); time.sleep(600)", tmp_path) as it:
        assert is_alive(first(it)["answer"])
        it._stdin.close()
        assert it.end(SOON_S).code == 1


def test_a_worker_is_not_started_by_hand(tmp_path: Path) -> None:
    """Without an order it says who starts it."""
    with Child([sys.executable, "-m", "benchbench.worker.main"], tmp_path / "log") as it:
        it._stdin.close()
        assert it.end(SOON_S).code == 1
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


def test_a_reason_is_no_longer_for_what_cannot_be_encoded(tmp_path: Path) -> None:
    """Half a letter is told as six, and there may be millions of them."""
    with child(HEAD + "channel.fail(ValueError('\\udcff' * 1_000_000))", tmp_path) as it:
        reason = first(it)["failure"]["reason"]
    assert reason.startswith(r"ValueError: \udcff\udcff")
    assert len(reason) <= 500


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """Nothing is started."""
    (tmp_path / "logs").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        child(ECHO, tmp_path)


def test_a_log_that_never_ends_ends_the_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the disk is full; what it wrote first is kept, and the rest of the disk is free."""
    monkeypatch.setattr("benchbench.running.log.MOST", 1 << 21)
    monkeypatch.setattr("benchbench.running.child.LOOK_S", 0.05)
    code = HEAD + (
        "os.write(2, b'the first warning\\n')\n"
        "while True: os.write(2, b'again\\n' * 10_000); time.sleep(0.01)\n"
    )
    with child(code, tmp_path) as it:
        with pytest.raises(LogError, match="more than 2 MiB to its output and errors"):
            first(it)
        assert it.last_line() == ": again"
        it.end(0.0)
    log = tmp_path / "logs" / "child.log"
    assert log.stat().st_size == 1 << 20
    assert log.read_text("utf-8").startswith("the first warning\n")


def test_a_worker_whose_log_is_too_long_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the name of its log, and no place of this machine."""
    monkeypatch.setattr("benchbench.running.log.MOST", -1)
    outcome = launcher.work(Order("hello"), time_limit_s=60.0, log=tmp_path / "a.log")
    assert outcome.status == "error"
    assert outcome.reason.startswith("ended in phase 'start': it wrote more than")
    assert outcome.reason.endswith("in its log, a.log")


def test_a_worker_that_takes_too_long_is_a_timeout(tmp_path: Path) -> None:
    """The reason says after how long, and in which phase."""
    outcome = launcher.work(Order("hello"), time_limit_s=0.01, log=tmp_path / "log")
    assert (outcome.status, outcome.reason) == ("timeout", "killed after 0.01 s in phase 'start'")
    assert not (tmp_path / "log").exists()


LEFT_BEHIND = {
    "a fork that holds the output": "if os.fork() == 0: time.sleep(600)",
    "a session of its own": "subprocess.Popen(['setsid', 'sleep', '600'], start_new_session=True)",
    "a daemon, forked twice": (
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    if os.fork() == 0: time.sleep(600)\n"
        "    os._exit(0)"
    ),
    "a daemon with an environment of its own": (
        "subprocess.run(['env', '-i', 'setsid', '-f', 'sleep', '600'], close_fds=True)"
    ),
}


@pytest.mark.parametrize("how", LEFT_BEHIND)
def test_nothing_is_left_of_what_a_child_started(tmp_path: Path, how: str) -> None:
    """Forks, daemons and processes of another session end before the next child begins."""
    code = HEAD + (
        f"{LEFT_BEHIND[how]}\nchannel.send(answer=os.getpid())\nchannel.order(); os._exit(0)\n"
    )
    with child(code, tmp_path) as it:
        guard = it._process.pid
        left = {first(it)["answer"]}
        until = time.monotonic() + SOON_S
        while len(left) < 2 and time.monotonic() < until:
            left |= {*descendants(guard)}
        it.send({})
        assert list(it.messages(time.monotonic() + SOON_S)) == []
        ending = it.end(SOON_S)
    assert (ending.code, ending.ours, ending.left) == (0, False, 0)
    assert len(left) >= 2
    assert not [pid for pid in left if is_alive(pid)]


@pytest.mark.parametrize("what", ["b'half a line'", "b'\\xff\\x00\\n'", "b'[1]\\n'", "b'NaN\\n'"])
def test_what_is_no_message_is_told(tmp_path: Path, what: str) -> None:
    """Bytes that somebody else writes on the line to the parent are no message, and no crash."""
    code = HEAD + f"os.write(channel._out, {what}); channel.send(done=True); time.sleep(600)"
    with child(code, tmp_path) as it, pytest.raises(MessageError):
        first(it)


@pytest.mark.parametrize(
    "message",
    [
        {"phases": "x"},
        {"measurements": [{"name": "params"}]},
        {"measurements": {"name": "params"}},
        {"failure": {"status": "fine", "reason": ""}},
        {"done": "no"},
        {"trace": "x"},
    ],
)
def test_an_object_of_another_shape_is_no_message_of_a_worker(message: dict[str, Any]) -> None:
    """Nothing of it is taken in."""
    heard = launcher._Heard(print, print, print)
    with pytest.raises(MessageError):
        launcher._hear(message, heard)
    assert not heard.measurements
    assert not heard.done


@pytest.mark.parametrize(
    ("kills", "status", "words"),
    [
        (1, "oom", "out-of-memory killer ended 1 process"),
        (0, "crash", "ended nothing for want of memory"),
        (None, "crash", "it does not say here"),
    ],
)
def test_the_kernel_is_named_only_where_it_says_so(
    tmp_path: Path, kills: int | None, status: str, words: str
) -> None:
    """A SIGKILL that was not ours is out of memory where the kernel has counted one."""
    with child("import os; os.kill(os.getpid(), 9)", tmp_path) as it:
        ending = it.end(SOON_S)
        assert (ending.code, ending.ours) == (-signal.SIGKILL, False)
        heard = launcher._Heard(print, print, print)
        found, reason = launcher._judge(ending, heard, it, kills)
    assert found == status
    assert words in reason


def test_a_lost_output_has_one_exit_code() -> None:
    """Both sides of the protocol mean the same by it."""
    assert launcher.CHANNEL_LOST == channel.CHANNEL_LOST


def test_closing_everything_is_told_as_that(tmp_path: Path) -> None:
    """A model that closes the worker's files, or takes their numbers, ends it with that code."""
    code = HEAD + (
        "os.closerange(3, 64)\n"
        "mine = [open(os.devnull, 'wb') for _ in range(20)]\n"
        "channel.send(done=True)\n"
    )
    with child(code, tmp_path) as it:
        assert list(it.messages(time.monotonic() + SOON_S)) == []
        assert it.end(SOON_S).code == channel.CHANNEL_LOST


def test_a_bare_fork_says_nothing(tmp_path: Path) -> None:
    """A model that forks and lets both go on is heard once."""
    code = HEAD + "os.fork(); channel.send(note='here'); time.sleep(0.3); channel.send(done=True)"
    with child(code, tmp_path) as it:
        heard = list(it.messages(time.monotonic() + SOON_S))
    assert heard == [{"note": "here"}, {"done": True}]


def test_what_others_do_to_the_guard_is_not_ours(tmp_path: Path) -> None:
    """A guard that somebody else ends takes the child along; it is not called a time limit."""
    code = HEAD + "import ctypes\nchannel.send(answer=os.getpid())\nctypes.PyDLL(None).pause()"
    for number in (signal.SIGTERM, signal.SIGKILL):
        with child(code, tmp_path) as it:  # no thread of it runs again
            pid = first(it)["answer"]
            time.sleep(0.5)  # until it is held
            it._process.send_signal(number)
            assert list(it.messages(time.monotonic() + SOON_S)) == []
            ending = it.end(SOON_S)
            assert (ending.code, ending.ours) == (-signal.SIGKILL, False)
        until = time.monotonic() + SOON_S
        while is_alive(pid) and time.monotonic() < until:
            time.sleep(0.01)
        assert not is_alive(pid)


def test_the_children_of_a_program_around_us_are_its_own(tmp_path: Path) -> None:
    """What the caller has started is neither killed nor reaped."""
    with subprocess.Popen(["sleep", "600"], start_new_session=True) as own:
        with child("import os; os._exit(0)", tmp_path) as it:
            assert it.end(SOON_S).code == 0
        assert own.poll() is None
        own.terminate()
        assert own.wait() == -signal.SIGTERM
