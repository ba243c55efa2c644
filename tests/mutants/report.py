"""What `mutmut run` found: how many mutants the tests killed, and each survivor with its reason.

Run by ``make mutants`` from the root of a clone. Fails where fewer than the given share was killed,
or a survivor has no reason in ``reasons.yaml`` beside this file.
"""

from __future__ import annotations

import argparse
import collections
import json
import re
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

KILLED = {1, 3}  # pytest's failed tests, and an error of its own
NO_TESTS = {5, 33}


def main() -> int:
    """Print the table and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--least", type=float, default=85.0, help="percent to be killed")
    least = parser.parse_args().least
    reasons = YAML(typ="safe").load(Path(__file__).with_name("reasons.yaml").read_text("utf-8"))
    table, survivors = read(Path("mutants"))
    width = max(map(len, table))
    for name, (killed, total) in table.items():
        print(f"{name:{width}}  {killed:4} of {total:4}  {100 * killed / total:5.1f} %")
    killed, total = (sum(counts) for counts in zip(*table.values(), strict=True))
    print(f"{'all':{width}}  {killed:4} of {total:4}  {100 * killed / total:5.1f} %")
    print()
    unexplained = 0
    for key in survivors:
        before, after = change(key)
        why = reason(f"{key}\n- {before}\n+ {after}", reasons)
        unexplained += not why
        print(f"{key}\n  - {before}\n  + {after}\n  {why or 'NO REASON'}")
    print(f"{len(survivors)} survivors, {unexplained} of them without a reason")
    return int(100 * killed / total < least or unexplained > 0)


def read(folder: Path) -> tuple[dict[str, tuple[int, int]], list[str]]:
    """Killed and all mutants by file, and the keys of those that were not killed."""
    table, survivors = {}, []
    for file in sorted(folder.rglob("*.meta")):
        codes = json.loads(file.read_text("utf-8"))["exit_code_by_key"]
        if not codes:
            continue
        unfinished = [key for key, code in codes.items() if code is None]
        if unfinished:
            sys.exit(f"{len(unfinished)} mutants of {file} were not run: run `mutmut run` again")
        counts = collections.Counter(code in KILLED for code in codes.values())
        table[str(file.relative_to(folder).with_suffix(""))] = counts[True], len(codes)
        survivors += [key for key, code in codes.items() if code not in KILLED]
    if not table:
        sys.exit("there are no mutants: run `mutmut run` first")
    return table, survivors


def change(key: str) -> tuple[str, str]:
    """What a mutant's lines were, and what they became."""
    mutmut = str(Path(sys.executable).with_name("mutmut"))
    done = subprocess.run([mutmut, "show", key], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if not re.match(r"(---|\+\+\+)", line)]
    parts = (" ".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    before, after = parts
    return before, after


def reason(text: str, reasons: list[dict[str, str]]) -> str:
    """The first reason whose pattern is found in the mutant's name and change."""
    return next((item["why"] for item in reasons if re.search(item["match"], text, re.DOTALL)), "")


if __name__ == "__main__":
    sys.exit(main())
