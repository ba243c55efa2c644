"""Slurm's words: time limits, and what squeue and scontrol say of a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchbench.errors import BenchbenchError
from benchbench.running.engine import EndedPart, PartState

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["WAITS", "ended_by", "minutes_of", "state_of", "told_by"]

WAITS = {
    *("PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT", "RESV_DEL_HOLD"),
    *("CONFIGURING", "SUSPENDED"),
}
RUNS = {"RUNNING", "COMPLETING", "STOPPED", "RESIZING", "SIGNALING", "STAGE_OUT"}
LOST = {"NODE_FAIL", "BOOT_FAIL", "PREEMPTED", "REVOKED"}
NEVER = {
    *("BadConstraints", "DependencyNeverSatisfied", "InvalidAccount", "InvalidQOS"),
    *("PartitionTimeLimit", "PartitionNodeLimit", "AccountNotAllowed", "QOSNotAllowed"),
}
"""Reasons of Slurm's for a job that waits and will never start."""


def minutes_of(text: str) -> int:
    """A time limit in Slurm's form, as whole minutes.

    Args:
        text: ``minutes``, ``minutes:seconds``, ``hours:minutes:seconds``, ``days-hours``,
            ``days-hours:minutes`` or ``days-hours:minutes:seconds``.

    Raises:
        BenchbenchError: It is none of these.
    """
    found = re.fullmatch(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?", text)
    if found is None:
        raise BenchbenchError(f"--time {text}: expected e.g. 30, 2:30:00 or 1-12:00:00")
    days, *parts = found.groups()
    numbers = [int(part) for part in parts if part is not None]
    if days is not None:
        hours, minutes, seconds = (*numbers, 0, 0)[:3]
    elif len(numbers) == 3:
        hours, minutes, seconds = numbers
    else:
        hours, (minutes, seconds) = 0, (*numbers, 0)[:2]
    whole_s = 3600 * (24 * int(days or 0) + hours) + 60 * minutes + seconds
    return max(1, -(-whole_s // 60))


def state_of(line: str) -> tuple[str, PartState, str]:
    """Id, state and name of the job of one line of squeue.

    Args:
        line: ``id|state|node|reason|name``.
    """
    job, word, node, why, name = line.split("|", 4)
    if word in RUNS:
        return job, PartState("running", word, node), name
    if word not in WAITS:
        return job, PartState("ended", word, node), name
    if why in NEVER:
        return job, PartState("ended", word), name
    return job, PartState("queued", word, why="" if why == "None" else why), name


def told_by(text: str) -> dict[str, str]:
    """The words of ``scontrol show job`` by their keys."""
    return dict(re.findall(r"(\w+)=(\S*)", text))


def ended_by(job: str, told: Mapping[str, str], last: str) -> EndedPart:
    """What a job comes to that has ended before its part came to its own end.

    Args:
        job: Its id.
        told: What scontrol says of it; empty where Slurm does not know it any more.
        last: Last line of the part's log.
    """
    word, node = told.get("JobState", ""), told.get("NodeList", "(null)")
    whose = f"Slurm's job {job}" + (f" on {node}" if node not in {"", "(null)"} else "")
    reason = told.get("Reason", "None")
    why = word if reason == "None" else f"{word}, reason {reason}"
    if word in LOST:
        return EndedPart("crash", f"{whose} was lost ({why})", again=True)
    known = {
        "TIMEOUT": EndedPart(
            "timeout", f"{whose} was ended at its time limit of {told.get('TimeLimit')} ({word})"
        ),
        "DEADLINE": EndedPart("timeout", f"{whose} was ended at its deadline ({why})"),
        "OUT_OF_MEMORY": EndedPart("oom", f"{whose} was ended for want of memory ({why})"),
        "CANCELLED": EndedPart("crash", f"{whose} was cancelled ({why})"),
        "": EndedPart("crash", f"{whose} is not known to Slurm any more", again=True),
        **dict.fromkeys(WAITS, EndedPart("error", f"{whose} would never start ({why})")),
    }
    code = told.get("ExitCode", "?")
    other = EndedPart("error", f"{whose} ended with exit code {code} ({word}): {last}")
    return known.get(word, other)
