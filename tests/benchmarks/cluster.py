"""What a cell costs through a Slurm of two nodes, and the submitter's memory, by number of cells.

``python tests/benchmarks/cluster.py --out reports/cluster`` starts two nodes on this machine (root,
slurm-wlm and munge), runs suites of a trivial model that is counted and not timed, and writes
README.md. Each suite has as many models as the table says: of other widths, so that each is a cell.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

HERE = Path(__file__).parent
MODEL = """
from torch import nn

def trivial(num_classes: int = 7, width: int = 8):
    layers = nn.Linear(2304, width), nn.ReLU(), nn.Linear(width, num_classes)
    return nn.Sequential(nn.Flatten(), *layers)
"""
HEAD = """
benchbench: 1
name: trivial
settings: { repeats: 0, images: 4, train_steps: 0, phases: [infer] }
models:
"""
NODES = 2
TEXT = """\
# Cells through Slurm: what one costs, and the submitter's memory

Written by `python tests/benchmarks/cluster.py` on {machine}: a Slurm of two nodes on this one
machine, one processor a node, other work beside it. A cell is a trivial model (two linear layers)
that is counted; nothing is timed. *Worker* is the time of the counting process itself, the same as
without Slurm. *Overhead* is what both nodes' time comes to beyond that, a cell: the start of the
job, of Python and torch, the look at the data, a part's reports, and waiting; of an odd number of
jobs one node is idle during the last, and that time is left out. Memory is the peak resident size
of the submitter (`VmHWM`), which for few cells is that of its look at the data
([submitter.md](submitter.md) has it for many); processor time is its own.

| cells | a job has | wall, s | worker, s a cell | overhead, s a cell | submitter's memory, MiB | \
its processor time, s |
| --: | --: | --: | --: | --: | --: | --: |
{rows}

{words}
"""


@dataclass(frozen=True)
class Run:
    """One suite through the two nodes.

    Attributes:
        cells: Number of its models.
        bundle: Cells that one job has.
        wall_s: Time from the submitter's start to its end, seconds.
        worker_s: Time of the counting processes, seconds, of all cells together.
        memory_mib: The submitter's peak resident size.
        processor_s: Its processor time, that of what it started and waited for included.
    """

    cells: int
    bundle: int
    wall_s: float
    worker_s: float
    memory_mib: float
    processor_s: float

    @property
    def idle_s(self) -> float:
        """Time that one node had nothing to do in: a job's, where their number is odd."""
        jobs = math.ceil(self.cells / self.bundle)
        return self.wall_s / math.ceil(jobs / NODES) if jobs % NODES else 0.0

    @property
    def overhead_s(self) -> float:
        """What a cell costs both nodes beyond its worker, seconds."""
        return (NODES * self.wall_s - self.idle_s - self.worker_s) / self.cells

    @property
    def row(self) -> str:
        """The line of the table."""
        return (
            f"| {self.cells} | {self.bundle} | {self.wall_s:.0f} | "
            f"{self.worker_s / self.cells:.2f} | {self.overhead_s:.2f} | {self.memory_mib:.0f} | "
            f"{self.processor_s:.1f} |"
        )


def main() -> None:
    """Measure, and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("reports/cluster"))
    parser.add_argument("--cells", type=int, nargs="+", default=[50, 100, 200])
    parser.add_argument("--bundle", type=int, default=10)
    parser.add_argument("--alone", type=int, nargs="*", default=[6], help="one cell a job")
    asked = parser.parse_args()
    nodes = _two_nodes()
    if why := nodes.missing():
        sys.exit(why)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "slurm").mkdir()
        try:
            conf = nodes.up(folder / "slurm")
            wanted = [(cells, 1) for cells in asked.alone]
            wanted += [(cells, asked.bundle) for cells in asked.cells]
            runs: list[Run] = []
            for cells, bundle in wanted:
                runs.append(_run(folder, conf, cells, bundle))
                _write(asked.out, runs)
        finally:
            nodes.down(folder / "slurm")


def _write(out: Path, runs: Sequence[Run]) -> None:
    """Write what there is, after each run: the largest takes as long as all others."""
    if sum(run.bundle > 1 for run in runs) > 1:
        out.mkdir(parents=True, exist_ok=True)
        (out / "README.md").write_text(_text(runs), "utf-8")


def suite(folder: Path, cells: int) -> None:
    """Write ``s.yaml``: trivial models that are counted, and not timed.

    Args:
        folder: Where, with their source beside it.
        cells: Number of models, each of another width.
    """
    (folder / "own.py").write_text(MODEL, "utf-8")
    lines = [
        f'  - {{ id: m{i}, model: "own.py:trivial", set: {{ width: {8 + i} }} }}\n'
        for i in range(cells)
    ]
    (folder / "s.yaml").write_text(HEAD + "".join(lines), "utf-8")


def _run(folder: Path, conf: Path, cells: int, bundle: int) -> Run:
    suite(folder, cells)
    out = folder / f"out-{cells}-{bundle}"
    words = ["run", "s.yaml", "--device", "cpu", "--on", "slurm", "--bundle", str(bundle)]
    begin, before = time.monotonic(), os.times()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchbench", *words, "--out", str(out)],
            cwd=folder,
            env={**os.environ, "SLURM_CONF": str(conf), "OMP_NUM_THREADS": "1"},
            stdout=log,
            stderr=log,
        )
        peak_kib = 0
        while process.poll() is None:
            peak_kib = max(peak_kib, _peak_kib(process.pid))
            time.sleep(0.05)
    wall_s, after = time.monotonic() - begin, os.times()
    if process.returncode:
        raise RuntimeError((folder / "log").read_text("utf-8")[-2000:])
    found = json.loads(next(out.glob("trivial/*/results.json")).read_text("utf-8"))
    worker_s = sum(cell["seconds"] for cell in found["cells"])
    spent_s = sum(after[2:4]) - sum(before[2:4])
    run = Run(cells, bundle, wall_s, worker_s, peak_kib / 1024, spent_s)
    print(run.row, flush=True)
    return run


def _peak_kib(pid: int) -> int:
    """Peak resident size of a process, KiB; 0 where it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
    except OSError:
        return 0
    return next((int(it.split()[1]) for it in text.splitlines() if it.startswith("VmHWM")), 0)


def _text(runs: Sequence[Run]) -> str:
    many = [run for run in runs if run.bundle > 1]
    cells = [run.cells for run in many]
    wall_s, start_s = linear_regression(cells, [run.wall_s for run in many])
    overhead_s, base_s = linear_regression(cells, [run.cells * run.overhead_s for run in many])
    apart = max(abs(run.cells * (run.overhead_s - overhead_s) - base_s) for run in many)
    words = (
        f"The line of least squares through the wall times is {wall_s:.2f} s a cell and "
        f"{start_s:.0f} s for the whole; through the overheads of both nodes {overhead_s:.2f} s a "
        f"cell and {base_s:.0f} s for the whole, and no size is further from it than {apart:.0f} s "
        f"(of {many[-1].cells * many[-1].overhead_s:.0f} s with {many[-1].cells} cells). One job a "
        "cell costs more, for each job starts Python and torch once to look at its models "
        "(`--bundle` puts several into a job)."
    )
    machine = f"{os.cpu_count()} processors ({platform.machine()})"
    return TEXT.format(machine=machine, rows="\n".join(run.row for run in runs), words=words)


def _two_nodes() -> ModuleType:
    """The tests' own Slurm."""
    file = HERE.parent / "cluster" / "two_nodes.py"
    spec = importlib.util.spec_from_file_location("two_nodes", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    main()
