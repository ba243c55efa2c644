"""`make fuzz`: thousands of damaged files of each kind, and a table of what came of them.

    python tests/fuzz/make_fuzz.py --out reports/fuzz [--seed 1] [NAME ...]

Every kind has a process of its own, whose memory is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from targets import HANG_S, TARGETS, HangError, limited

MOST_BYTES = 1 << 30


def tried(name: str, number: int, count: int) -> dict[str, Any]:
    """Damage files of one kind and count what came of them."""
    target, found, slowest_s = TARGETS[name], Counter[str](), [0.0]
    faults = dict[str, str]()

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
        began_s = time.monotonic()
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
        slowest_s[0] = max(slowest_s[0], time.monotonic() - began_s)

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
        f"Written by `make fuzz` (seed {number}). A file is refused with a sentence, or accepted and",
        "then held to what it says: wrong are those that differ from the whole file without a word.",
        f"Hung: more than {HANG_S:g} s. Memory is the process's own peak, torch included.",
        "",
        "| kind | files | refused | accepted | wrong | tracebacks | hung | slowest, s | memory, MiB |",
        "| :-- | --: | --: | --: | --: | --: | --: | --: | --: |",
    ]
    keys = ("files", "refused", "accepted", "wrong", "traceback", "hung", "slowest_s", "memory_mib")
    lines += [f"| {row['kind']} | " + " | ".join(f"{row[k]:,}" for k in keys) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run what is asked for; exit 1 where anything fell over."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*TARGETS])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seed", type=int, default=random.randrange(2**32))  # noqa: S311
    parser.add_argument("--count", type=int, help="files of each kind, in place of each one's own")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        (name,) = asked.names
        print(json.dumps(tried(name, asked.seed, asked.count or TARGETS[name].most)))
        return 0
    rows = []
    for name in asked.names:
        words = [sys.executable, __file__, name, "--child", "--seed", str(asked.seed)]
        words += ["--count", str(asked.count)] if asked.count else []
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name}: the process ended with {done.returncode}\n{done.stderr[-2000:]}")
            return 1
        row = json.loads(done.stdout)
        for what, example in row.pop("faults").items():
            print(f"{name}: {what}\n    {example[:400]}", flush=True)
        rows.append(row)
        print(json.dumps(row), flush=True)
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "README.md").write_text(written(rows, asked.seed), "utf-8")
        (asked.out / "fuzz.json").write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    bad = sum(row["wrong"] + row["traceback"] + row["hung"] for row in rows)
    over = [row["kind"] for row in rows if row["memory_mib"] * 2**20 > MOST_BYTES]
    return 1 if bad or over else 0


if __name__ == "__main__":
    sys.exit(main())
