"""The submitter's memory and processor time by number of cells, of jobs that are pretended.

``python tests/benchmarks/submitter.py --out reports/cluster`` counts one trivial model for real,
and then carries out suites of as many as the table says by ``benchbench run --on slurm``, whole but
for Slurm: what stands for it writes the journal of each job at once, as a copy of the real one.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING, Any

import cluster  # beside this file

from benchbench.api import clusters
from benchbench.cli.main import main as command_line
from benchbench.results import journal
from benchbench.running.engine import EndedPart, PartState

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchbench.running.parts import Part
    from benchbench.running.slurm import SlurmOptions

BUNDLE = 10
ABOVE = 1.05  # of the peak of the fewest cells: what is not above that is the floor
TEXT = """\
# The submitter's memory by number of cells

Written by `python tests/benchmarks/submitter.py` on {machine}. **Jobs are pretended here**: the
submitter is `benchbench run --on slurm` as a user starts it, and in place of Slurm something writes
the journal of each job at once, a copy of one that was counted for real (a trivial model, counted
and not timed, {bundle} cells a job). It is measured so that a line through many sizes can be drawn;
[README.md](README.md) has the real thing for fewer cells. Memory is the peak resident size
(`VmHWM`); processor time is the submitter's own, the writing of the copies included.

| cells | memory, MiB | line, MiB | KiB a further cell | processor time, s | s a further cell |
| --: | --: | --: | --: | --: | --: |
{rows}

The peak of few cells is that of the look at the data, {floor:.0f} MiB. From {begin} cells on, the
line of least squares is {slope:.0f} KiB a cell above {base:.0f} MiB, and no size is further from it
than {apart:.1f} MiB ({share:.1f} % of it).
"""


@dataclass(frozen=True)
class Run:
    """One suite.

    Attributes:
        cells: Number of its models.
        memory_mib: The submitter's peak resident size.
        processor_s: Its processor time.
    """

    cells: int
    memory_mib: float
    processor_s: float


class PretendedSlurm:
    """Writes what each job would have left, and says that it has ended."""

    name = "slurm"
    patience_s = 0.01
    goes_on = True

    def __init__(self, template: Path) -> None:
        """Read the run that stands for every job.

        Args:
            template: Folder of a run with one cell that was counted.
        """
        self._head, *self._lines = journal.read(template)
        self._cell = self._head["cells"][0]

    def attach(self, _: Path, known: Mapping[str, str]) -> Mapping[str, str]:
        """Nothing is queued."""
        return known

    def start(
        self, part: Part, command: Callable[[str], Sequence[str]], _: Sequence[str]
    ) -> str | None:
        """Leave a journal."""
        words = command("")
        out = Path(words[words.index("--out") + 1]) / self._head["suite"]["name"] / "copy"
        out.mkdir(parents=True)
        ids = {job.cell.model.id: job.cell.id for job in part.jobs}
        with journal.Journal(out) as book:
            cells = [{**self._cell, "id": it, "model": name} for name, it in ids.items()]
            book.append(_unsealed({**self._head, "cells": cells}))
            for cell in ids.values():
                for line in self._lines:
                    if line["kind"] == "job":
                        job = line["job"].replace(self._cell["id"], cell)
                        book.append(_unsealed({**line, "cell": cell, "job": job}))
            book.append({"kind": "end", "time": self._lines[-1]["time"]})
        return part.name

    def states(self, ids: Sequence[str]) -> Mapping[str, PartState]:
        """All have ended."""
        return dict.fromkeys(ids, PartState("ended", "COMPLETED"))

    def ended(self, _: Part, job: str) -> EndedPart:
        """None has ended before its time."""
        raise AssertionError(job)

    def cancel(self, _: Sequence[str]) -> None:
        """There is nothing to cancel."""

    def close(self) -> None:
        """There is nothing to close."""


def _unsealed(record: dict[str, Any]) -> dict[str, Any]:
    return {key: it for key, it in record.items() if key != journal.SEAL}


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/cluster"))
    sizes = [50, 100, 200, 300, 400, 600, 800, 1200, 1600]
    parser.add_argument("--cells", type=int, nargs="+", default=sizes)
    parser.add_argument("--submit", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.submit:
        _submit(asked.submit)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        cluster.suite(folder, 1)
        words = ["run", "s.yaml", "--device", "cpu", "--out", "real"]
        subprocess.run([sys.executable, "-m", "benchbench", *words], cwd=folder, check=True)
        runs = []
        for cells in asked.cells:
            cluster.suite(folder, cells)
            runs.append(_run(folder, cells))
            print(runs[-1], flush=True)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "submitter.md").write_text(_text(runs), "utf-8")


def _run(folder: Path, cells: int) -> Run:
    """One suite, in a process of its own.

    Raises:
        RuntimeError: It did not end well.
    """
    words = [sys.executable, __file__, "--submit", str(folder)]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"the submitter of {cells} cells ended with {process.returncode}")
    found = next(folder.glob("out/trivial/*/results.csv")).read_text("utf-8")
    if found.count("\n") < cells:
        raise RuntimeError("not every cell is in the results")
    (folder / "out").rename(folder / f"out-{cells}")
    return Run(cells, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime)


def _submit(folder: Path) -> None:
    """Be the submitter."""
    template = next((folder / "real" / "trivial").iterdir())

    def pretended(_: SlurmOptions) -> PretendedSlurm:
        return PretendedSlurm(template)

    clusters.SlurmEngine = pretended  # type: ignore[assignment, misc]
    words = ["run", "s.yaml", "--device", "cpu", "--on", "slurm", "--bundle", str(BUNDLE)]
    sys.argv = ["benchbench", *words, "--out", "out"]
    command_line()


def _text(runs: Sequence[Run]) -> str:
    floor = runs[0].memory_mib
    grown = [run for run in runs if run.memory_mib > ABOVE * floor]
    slope, base = linear_regression([run.cells for run in grown], [run.memory_mib for run in grown])
    worst = max(grown, key=lambda run: abs(run.memory_mib - base - slope * run.cells))
    line = base + slope * worst.cells
    rows, before = list[str](), None
    for run in runs:
        more = [""] * 3
        if run in grown:
            more[0] = f"{base + slope * run.cells:.1f}"
        if before:
            cells = run.cells - before.cells
            more[1] = f"{1024 * (run.memory_mib - before.memory_mib) / cells:.0f}"
            more[2] = f"{(run.processor_s - before.processor_s) / cells:.4f}"
        words = [f"{run.cells}", f"{run.memory_mib:.1f}", *more[:2], f"{run.processor_s:.1f}"]
        rows.append(f"| {' | '.join([*words, more[2]])} |")
        before = run
    return TEXT.format(
        machine=f"{os.cpu_count()} processors ({platform.machine()})",
        bundle=BUNDLE,
        rows="\n".join(rows),
        floor=floor,
        begin=grown[0].cells,
        slope=1024 * slope,
        base=base,
        apart=abs(worst.memory_mib - line),
        share=100 * abs(worst.memory_mib - line) / line,
    )


if __name__ == "__main__":
    main()
