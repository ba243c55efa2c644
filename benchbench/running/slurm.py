"""Slurm starts the parts of a run: a job each, whose payload is our own command line.

States come from ``squeue`` and ``scontrol``, which every cluster has; not from the accounting
(``sacct``), which some have not.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench.errors import BenchbenchError
from benchbench.running.engine import PartState, last_word
from benchbench.running.slurm_words import WAITS, ended_by, minutes_of, state_of, told_by

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.running.engine import EndedPart
    from benchbench.running.parts import Part

__all__ = ["SlurmEngine", "SlurmOptions", "perform"]

FOLDER = "slurm"  # of submitit's files and the parts' logs, in the run's own
ASK_LIMIT_S = 60.0
NOT_NOW = (
    "MaxSubmit",
    "SubmitLimit",
    "SubmitJobs",
    "Unable to contact",
    "temporarily",
    "timed out",
)
"""Words of a refusal that passes: so many jobs may wait and no more, or nobody answers."""


@dataclass(frozen=True, slots=True)
class SlurmOptions:
    """What Slurm is asked for; None leaves it to the cluster.

    Attributes:
        partition: Partition.
        time: Time limit of each job, in Slurm's own form.
        gres: Generic resources, e.g. ``gpu:1``.
        constraint: Features of the nodes.
        account: Account that is charged.
        cpus: Processors of a training or a count; what is timed has its node's.
        exclusive: Whether what is timed has its node to itself.
    """

    partition: str | None = None
    time: str | None = None
    gres: str | None = None
    constraint: str | None = None
    account: str | None = None
    cpus: int | None = None
    exclusive: bool = True


class SlurmEngine:
    """Slurm, by submitit."""

    name = "slurm"
    patience_s = 10.0
    goes_on = True

    def __init__(self, options: SlurmOptions) -> None:
        """Look whether there is a Slurm.

        Raises:
            BenchbenchError: submitit or Slurm's commands are not there.
        """
        try:
            import submitit  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise BenchbenchError(
                "--on slurm needs submitit: pip install 'benchbench[cluster]'"
            ) from error
        for program in ("sbatch", "squeue", "scontrol", "scancel"):
            if shutil.which(program) is None:
                raise BenchbenchError(
                    f"--on slurm needs Slurm's own commands, and there is no {program!r} on the "
                    "PATH: run it on a login node, perhaps after `module load slurm`"
                )
        self._submitit, self._options = submitit, options
        self._minutes = None if options.time is None else minutes_of(options.time)
        self._folder, self._prefix = Path(), ""
        self._last: Mapping[str, PartState] = {}

    def attach(self, folder: Path, known: Mapping[str, str]) -> Mapping[str, str]:
        """Find the jobs of a run by their names too: one may have been queued and not noted."""
        self._folder = folder.absolute()
        # Two runs of one second have one name: their places tell them apart.
        place = hashlib.sha256(str(self._folder).encode()).hexdigest()[:8]
        self._prefix = f"benchbench:{folder.name}-{place}:"
        before = f"benchbench:{folder.name}:"  # an older benchbench's, of those still queued
        found = sorted(self._look(), key=lambda it: (len(it[0]), it[0]))  # the highest id last
        named = {
            name.removeprefix(prefix): job
            for prefix, phases in ((before, {"queued"}), (self._prefix, {"queued", "running"}))
            for job, state, name in found
            if name.startswith(prefix) and state.phase in phases
        }
        return {**known, **named}

    def start(
        self, part: Part, command: Callable[[str], Sequence[str]], not_on: Sequence[str]
    ) -> str | None:
        """Queue a job.

        Raises:
            BenchbenchError: Slurm refuses it, and why.
        """
        asked = self._options
        given: dict[str, Any] = {
            "name": self._prefix + part.name,
            "timeout_min": self._minutes,
            "nodes": 1,
            "tasks_per_node": 1,
            "slurm_partition": asked.partition,
            "slurm_gres": asked.gres,
            "slurm_constraint": asked.constraint,
            "slurm_account": asked.account,
            "slurm_exclude": ",".join(not_on) or None,
            # A step that srun starts is bound to one processor of those that the job has.
            "slurm_use_srun": False,
        }
        if part.alone and asked.exclusive:
            given["slurm_exclusive"] = True
        else:
            given["cpus_per_task"] = asked.cpus
        place = self._folder / FOLDER
        executor = self._submitit.AutoExecutor(folder=place, cluster="slurm")
        executor.update_parameters(**{key: it for key, it in given.items() if it is not None})
        if self._minutes is None:  # submitit's own default is five minutes
            executor._executor.parameters["time"] = None  # noqa: SLF001 - it has no other way
        try:
            job = executor.submit(perform, list(command("")), str(self._log(part)))
        except (self._submitit.core.utils.FailedJobError, OSError) as error:
            text = _sentence(str(error))
            if any(words in text for words in NOT_NOW):
                return None
            raise BenchbenchError(f"Slurm refuses the job of {part.name}: {text}") from error
        return str(job.job_id)

    def states(self, ids: Sequence[str]) -> Mapping[str, PartState]:
        """What ``squeue`` says; what it said last where the controller does not answer."""
        if not ids:
            return {}
        try:
            self._last = {job: state for job, state, _ in self._look()}
        except BenchbenchError as error:
            silent = PartState("queued", why=str(error))
            return {job: self._last.get(job, silent) for job in ids}
        return self._last

    def ended(self, part: Part, job: str) -> EndedPart:
        """What ``scontrol`` says of a job that has ended, or would wait for ever."""
        told = self._told(job)
        if told.get("JobState") in WAITS:
            self.cancel([job])
        return ended_by(job, told, last_word(self._log(part)))

    def cancel(self, ids: Sequence[str]) -> None:
        """Cancel jobs."""
        if ids:
            _asked("scancel", *ids)

    def close(self) -> None:
        """Nothing is held: jobs go on by themselves."""

    def _log(self, part: Part) -> Path:
        return self._folder / FOLDER / f"{part.name}.log"

    def _look(self) -> list[tuple[str, PartState, str]]:
        """Id, state and name of each of the user's jobs that Slurm still knows.

        Raises:
            BenchbenchError: The controller does not answer.
        """
        text = _asked("squeue", "--me", "--noheader", "--states=all", "--format=%i|%T|%N|%r|%j")
        return [state_of(line) for line in text.splitlines() if line.count("|") >= 4]

    def _told(self, job: str) -> dict[str, str]:
        try:
            return told_by(_asked("scontrol", "show", "job", "--oneliner", job))
        except BenchbenchError:
            return {}


def perform(command: Sequence[str], log: str) -> int:
    """Run our own command line inside a job: all that submitit unpickles is this call.

    Args:
        command: Program and arguments.
        log: File that its output is added to.

    Returns:
        Its exit code.
    """
    with Path(log).open("ab") as out:
        return subprocess.call(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603 - ours


def _asked(*command: str) -> str:
    """What one of Slurm's commands prints.

    Raises:
        BenchbenchError: It fails, or does not answer.
    """
    try:
        done = subprocess.run(  # noqa: S603 - Slurm's own
            command, capture_output=True, text=True, timeout=ASK_LIMIT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchbenchError(f"{command[0]} does not answer: {error}") from error
    if done.returncode:
        raise BenchbenchError(f"{command[0]}: {_sentence(done.stderr)}")
    return done.stdout


def _sentence(text: str) -> str:
    return " ".join(text.split())[:300] or "no reason was given"
