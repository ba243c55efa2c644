"""Record pairs of processes: the same revision twice, the candidate slowed by 0, 3 and 5 %.

    python tests/evidence/record.py --pairs 60 --out reports/gate/evidence

Each pair of fresh processes runs every model at every slowdown, so that all have the same load of
the machine.
What is recorded is what the gate sees: the time of each step of each window. It takes about half a
minute a pair on two cores; the file is written after each, and a further call goes on from it.
Which side goes first is drawn, as in a gate.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from benchbench.files import write_whole
from benchbench.gate.paired import PairedTimes, run_pair
from benchbench.gate.process import AgentProcess, Side
from benchbench.gate.schedule import Schedule
from benchbench.gate.stopping_rule import estimate
from benchbench.gate.workloads import Workload

ROOT = Path(__file__).resolve().parents[2]
SLOWED = str(Path(__file__).with_name("slowed.py")) + ":slowed"
WORKS = (("conv_snn", "infer", {"T": 2}), ("vgg", "train", {}))
SLOWDOWNS = (0.0, 0.03, 0.05)
SCHEDULE = Schedule(turns=12, window_s=0.1, warmup_s=0.3)
PILOT_ROWS, PILOT_PAIRS = (150, 500), 16


def part(of: str, settings: dict[str, Any], rows: int) -> dict[str, Any]:
    """What an order builds: one thread, two images, seeded weights, drawn faces."""
    return {
        "model": SLOWED,
        "set": {"of": of, "rows": rows, "settings": settings},
        "folder": ".",
        "num_classes": 7,
        "data": {"source": "synthetic_faces", "seed": 0},
        "batch_size": 2,
        "seed": 0,
        "threads": 1,
        "learning_rate": 1e-3,
        "label_smoothing": 0.1,
        "loss": "auto",
        "device": "cpu",
    }


def main() -> None:
    """Calibrate the extra work once, then record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=60)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    file = args.out / "samples.json.gz"
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        if file.exists():
            found = json.loads(gzip.decompress(file.read_bytes()))
        else:
            with _process("candidate", folder) as process:
                machine = _hello(process)
            works = [{"of": of, "phase": phase, "rows": [0, *PILOT_ROWS]} for of, phase, _ in WORKS]
            pilot = [record(works, folder) for _ in range(PILOT_PAIRS)]
            found = {
                "schema": 1,
                "fingerprint": machine,
                "pilot": {"works": works, "pairs": pilot},
                "pairs": [],
            }
        found.setdefault("works", calibrated(found["pilot"]))
        while len(found["pairs"]) < args.pairs:
            begin = time.monotonic()
            found["pairs"].append(record(found["works"], folder))
            content = gzip.compress(json.dumps(found).encode(), mtime=0)
            write_whole(file, lambda place, content=content: place.write_bytes(content))
            print(len(found["pairs"]), f"{time.monotonic() - begin:.1f} s", flush=True)


def calibrated(pilot: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows of extra work that make a step slower by each share: a line through two measured ones.

    They are measured as everything else is, on pairs of their own. The line does not go through
    nought: the extra operators cost something by themselves.
    """
    works = []
    for work in pilot["works"]:
        equal, at_few, at_many = (
            estimate(
                [
                    PairedTimes(part["base"], part["candidate"]).log_ratio
                    for pair in pilot["pairs"]
                    for part in pair
                    if (part["of"], part["rows"]) == (work["of"], rows)
                ]
            ).middle
            for rows in work["rows"]
        )
        _, few, many = work["rows"]
        slope = (at_many - at_few) / (many - few)
        rows = [
            round(few + (math.log1p(by) - (at_few - equal)) / slope) if by else 0
            for by in SLOWDOWNS
        ]
        if min(rows[1:]) <= 0:
            raise SystemExit(f"{work['of']}: the extra operators alone cost too much: {rows}")
        works.append({**work, "rows": rows})
        print(works[-1], flush=True)
    return works


def record(works: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """One pair of processes over every model and slowdown."""
    out = []
    candidate_first = random.getrandbits(1) == 1
    sides = [_process("base", folder), _process("candidate", folder)]
    with sides[candidate_first], sides[not candidate_first]:
        for side in sides:
            _hello(side)
        for work, (of, phase, settings) in zip(works, WORKS, strict=True):
            for rows in work["rows"]:
                parts = {"base": part(of, settings, 0), "candidate": part(of, settings, rows)}
                workload = Workload(f"{of} + {rows} rows", phase, parts)
                pair = run_pair(sides, workload, SCHEDULE, candidate_first=candidate_first)
                out.append({"of": of, "rows": rows, **_rounded(pair)})
                print(f"  {workload.model}: {100 * math.expm1(pair.log_ratio):+.2f} %", flush=True)
    return out


def _rounded(pair: PairedTimes) -> dict[str, list[list[float]]]:
    """Seconds to a microsecond: the file is committed."""
    sides = {"base": pair.base, "candidate": pair.candidate}
    return {name: [[round(s, 6) for s in w] for w in side] for name, side in sides.items()}


def _hello(process: AgentProcess) -> dict[str, Any]:
    """What machine this is; both sides stay on its last core."""
    core = max(os.sched_getaffinity(0))
    found: dict[str, Any] = process.ask("hello", threads=1, cores=[core])["fingerprint"]
    return found


def _process(name: str, folder: Path) -> AgentProcess:
    return AgentProcess(Side(name, ROOT, ROOT), folder / f"{name}.log", 300)


if __name__ == "__main__":
    main()
