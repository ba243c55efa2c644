"""`make fuzz`: thousands of damaged files of each kind, and a table of what came of them.

    python tests/fuzz/make_fuzz.py --out reports/fuzz [--seed 1] [NAME ...]

Some hundreds of files have a process of their own, whose memory is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from outcomes import HANG_S, HangError, limited
from targets import TARGETS

MOST_BYTES = 1 << 30  # of a process
PART = 500  # files of a process
HEADS = {
    "files": "files",
    "refused": "refused",
    "accepted": "accepted",
    "wrong": "wrong",
    "traceback": "tracebacks",
    "hung": "hung",
    "slowest_s": "slowest, s",
    "memory_mib": "memory, MiB",
}


def tried(name: str, number: int, count: int, most_s: float) -> dict[str, Any]:
    """Damage files of one kind and count what came of them, for so many seconds at most."""
    target, found, slowest_s = TARGETS[name], Counter[str](), [0.0]
    faults = dict[str, str]()
    ends_s = time.monotonic() + most_s

    @seed(number)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @given(example=target.examples)
    def each(example: Any) -> None:
        used_s = time.process_time()
        if time.monotonic() > ends_s:
            return
        try:
            with tempfile.TemporaryDirectory() as folder, limited():
                found[target.check(example, Path(folder))] += 1
        except HangError:
            found["hung"] += 1
            faults["hang: " + repr(example)[:300]] = repr(example)
        except AssertionError as error:
            found["wrong"] += 1
            _kept(faults, error, example)
        except Exception as error:  # what is none of ours is what is looked for
            found["traceback"] += 1
            _kept(faults, error, example)
        slowest_s[0] = max(slowest_s[0], time.process_time() - used_s)

    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):
        each()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "kind": target.title,
        "files": sum(found.values()),
        **{key: found[key] for key in ("refused", "accepted", "wrong", "traceback", "hung")},
        "slowest_s": round(slowest_s[0], 2),
        "memory_mib": round(peak / 2**20),
        "faults": faults,
    }


def _kept(faults: dict[str, str], error: Exception, example: Any) -> None:
    """One example of each place that an error is raised from."""
    where = traceback.extract_tb(error.__traceback__)[-3:]
    place = " < ".join(f"{Path(it.filename).name}:{it.lineno}" for it in reversed(where))
    faults.setdefault(f"{type(error).__name__}: {str(error)[:120]} at {place}", repr(example))


def written(rows: list[dict[str, Any]], number: int) -> str:
    """The table."""
    lines = [
        "# Damaged files, and what came of them",
        "",
        f"Written by `make fuzz` (seed {number}). A file is refused with a sentence, or accepted",
        "and then held to what it says: wrong are those that differ from the whole file without a",
        f"word. Hung: more than {HANG_S:g} s of the processor. Memory is a process's peak.",
        "",
        f"| kind | {' | '.join(HEADS.values())} |",
        f"| :-- |{' --: |' * len(HEADS)}",
    ]
    lines += [f"| {row['kind']} | {' | '.join(f'{row[key]:,}' for key in HEADS)} |" for row in rows]
    return "\n".join(lines) + "\n"


def in_parts(name: str, number: int, count: int, most_s: float) -> dict[str, Any]:
    """All files of one kind, some hundreds a process, each with a seed of its own."""
    rows, began_s = [], time.monotonic()
    for part, begun in enumerate(range(0, count, PART)):
        left_s = most_s - (time.monotonic() - began_s)
        if rows and left_s <= 0:
            break
        size = min(PART, count - begun)
        words = [sys.executable, __file__, name, "--child"]
        words += ["--seed", str(number + part), "--count", str(size)]
        words += ["--seconds", str(left_s)]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{name}: the process ended with {done.returncode}: {done.stderr}")
        rows.append(json.loads(done.stdout))
        for what, example in rows[-1].pop("faults").items():
            again = f"{name} --seed {number + part} --count {size}"
            print(f"{name}: {what}\n    again: {again}\n    {example[:400]}", flush=True)
    whole: dict[str, Any] = {"kind": rows[0]["kind"]}
    for key in HEADS:
        together = max if key in {"slowest_s", "memory_mib"} else sum
        whole[key] = together(row[key] for row in rows)
    print(json.dumps(whole), flush=True)
    return whole


def main() -> int:
    """Run what is asked for; exit 1 where anything fell over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*TARGETS])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))  # noqa: S311
    parser.add_argument("--count", type=int, help="files of each kind, in place of each one's own")
    parser.add_argument("--seconds", type=float, default=math.inf, help="for each kind, at most")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        (name,) = asked.names
        print(json.dumps(tried(name, asked.seed, asked.count or TARGETS[name].most, asked.seconds)))
        return 0
    with tempfile.TemporaryDirectory() as cache, ThreadPoolExecutor(asked.jobs) as pool:
        os.environ["BENCHBENCH_CACHE"] = cache  # nothing that was decoded by another version
        rows = [
            *pool.map(
                lambda name: in_parts(
                    name, asked.seed, asked.count or TARGETS[name].most, asked.seconds
                ),
                asked.names,
            )
        ]
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "README.md").write_text(written(rows, asked.seed), "utf-8")
        (asked.out / "fuzz.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    bad = sum(row["wrong"] + row["traceback"] + row["hung"] for row in rows)
    over = [row["kind"] for row in rows if row["memory_mib"] * 2**20 > MOST_BYTES]
    return 1 if bad or over else 0


if __name__ == "__main__":
    sys.exit(main())
