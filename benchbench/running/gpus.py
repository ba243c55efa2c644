"""Several GPUs on one node start the parts of a run: one part a GPU, and what is timed alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import BenchbenchError
from benchbench.running.child import GRACE_S, GUARD
from benchbench.running.engine import EndedPart, PartState, last_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.running.parts import Part

__all__ = ["GpuEngine", "free_device"]

FOLDER = "logs"


def free_device(
    part: Part, running: Mapping[str, Part], devices: Sequence[str], *, share: bool
) -> str | None:
    """Which device a part starts on now.

    A device has one part at a time. What is timed starts where nothing runs on the whole node, and
    nothing starts beside it: another GPU's work takes processor, memory and power that are its.

    Args:
        part: The part that waits.
        running: The part that each device has.
        devices: All devices, in the order that they are taken in.
        share: Whether what is timed runs beside other work.

    Returns:
        The device; None where there is none for it now.
    """
    if not share and (part.alone or any(it.alone for it in running.values())) and running:
        return None
    return next((device for device in devices if device not in running), None)


class GpuEngine:
    """The GPUs of this node, each a process of our own command line at a time.

    The processes end with this one, however it ends: `benchbench.running.guard` sees to it.
    """

    name = "gpus"
    patience_s = 1.0
    goes_on = False

    def __init__(self, devices: Sequence[str], *, share: bool) -> None:
        """Use some devices.

        Args:
            devices: Their names, e.g. ``cuda:0``.
            share: Whether what is timed runs beside other work.

        Raises:
            BenchbenchError: There is none.
        """
        if not devices:
            raise BenchbenchError(
                "--on gpus: torch sees no CUDA device here; `benchbench doctor` tells what is "
                "missing, and without --on the run is on the processor"
            )
        self._devices, self._share = tuple(devices), share
        self._folder = Path()
        self._running: dict[str, tuple[str, Part]] = {}  # id and part, by device
        self._all: dict[str, subprocess.Popen[bytes]] = {}

    def attach(self, folder: Path, known: Mapping[str, str]) -> Mapping[str, str]:
        """Nothing of an earlier process is left: its parts ended with it."""
        del known
        self._folder = folder.absolute()
        return {}

    def start(
        self, part: Part, command: Callable[[str], Sequence[str]], not_on: Sequence[str]
    ) -> str | None:
        """Start a process on a device that is free."""
        del not_on  # there is one node
        self._look()
        running = {device: it for device, (_, it) in self._running.items()}
        device = free_device(part, running, self._devices, share=self._share)
        if device is None:
            return None
        log = self._log(part)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as out:
            # Nobody reads the guard's report: that the process has ended is enough.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                guard = [sys.executable, "-I", "-S", str(GUARD), str(nowhere), str(os.getpid())]
                process = subprocess.Popen(  # noqa: S603 - our own command line
                    [*guard, *command(device)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    pass_fds=(nowhere,),
                    start_new_session=True,
                )
            finally:
                os.close(nowhere)
        job = str(process.pid)
        self._running[device] = job, part
        self._all[job] = process
        return job

    def states(self, ids: Sequence[str]) -> Mapping[str, PartState]:
        """Which of the processes run."""
        self._look()
        here = {job for job, _ in self._running.values()}
        return {
            job: PartState("running" if job in here else "ended") for job in ids if job in self._all
        }

    def ended(self, part: Part, job: str) -> EndedPart:
        """Why a process has ended before its time: the last line of its log says it."""
        del job
        last = last_word(self._log(part))
        return EndedPart("error", f"the process of {part.name} ended before its time: {last}")

    def cancel(self, ids: Sequence[str]) -> None:
        """End processes, and with them all that they started."""
        mine = [self._all[job] for job in ids if job in self._all]
        for process in mine:
            process.terminate()
        self._wait_for(mine)

    def close(self) -> None:
        """Wait for processes whose journals have ended: they are about to end themselves."""
        self._wait_for([*self._all.values()])

    @staticmethod
    def _wait_for(mine: Sequence[subprocess.Popen[bytes]]) -> None:
        until = time.monotonic() + GRACE_S
        for process in mine:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _look(self) -> None:
        self._running = {
            device: (job, part)
            for device, (job, part) in self._running.items()
            if self._all[job].poll() is None
        }

    def _log(self, part: Part) -> Path:
        return self._folder / FOLDER / f"{part.name}.log"
