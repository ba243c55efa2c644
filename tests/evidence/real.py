"""Real gates: `benchbench gate` as a user runs it, on a repository that it makes.

    python tests/evidence/real.py --out reports/gate/evidence --slowdown 0 --gates 10

The base commit has a model of the zoo; the working tree has the same model, slowed by the work that
`record.py` calibrated for 0, 3 or 5 %. Each gate is a whole run of the command. The file is written
after each, and a further call goes on from it. A gate takes two to three minutes.
"""

from __future__ import annotations

import argparse
import gzip
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchbench.files import write_text
from benchbench.report.format import Grid, Line
from benchbench.report.markdown import text_of
from benchbench.report.page import Page

SLOWED = Path(__file__).with_name("slowed.py")
SLOWDOWNS = (0, 3, 5)  # percent, in the order of the recorded rows

SUITE = """benchbench: 1
name: real
settings: {{ batch_size: 2, threads: 1, phases: [{phase}] }}
models:
  - {{ id: {of}, model: "model.py:slow" }}
"""

MODEL = """
{slowed}

def slow() -> Slowed:
    return slowed("{of}", {rows}, {settings})
"""


def main() -> None:
    """Run gates until there are as many as asked for, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--slowdown", type=int, choices=SLOWDOWNS, required=True)
    parser.add_argument("--gates", type=int, default=10)
    parser.add_argument("--long", action="store_true")
    args = parser.parse_args()
    file = args.out / "real.json"
    found = json.loads(file.read_text("utf-8")) if file.exists() else {"schema": 1, "gates": []}
    recorded = json.loads(gzip.decompress((args.out / "samples.json.gz").read_bytes()))
    kind = {"slowdown_percent": args.slowdown, "long": args.long}
    while sum(kind.items() <= gate.items() for gate in found["gates"]) < args.gates:
        work = recorded["works"][len(found["gates"]) % len(recorded["works"])]
        gate = kind | gate_of(work, args.slowdown, long=args.long)
        found["gates"].append(gate)
        write_text(file, json.dumps(found, indent=1) + "\n")
        write_text(args.out / "real.md", text_of(page_of(found)))
        print(gate, flush=True)


def gate_of(work: dict[str, Any], slowdown: int, *, long: bool) -> dict[str, Any]:
    """One gate in a repository of its own: its verdict and what it rests on."""
    settings = {"T": 2} if work["of"] == "conv_snn" else {}
    rows = work["rows"][SLOWDOWNS.index(slowdown)]
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        (root / "real.yaml").write_text(SUITE.format(**work))
        model = root / "model.py"
        parts = {"slowed": SLOWED.read_text("utf-8"), "of": work["of"], "settings": settings}
        model.write_text(MODEL.format(**parts, rows=0))
        _git(root, "init", "-q")
        _git(root, "add", "-A")
        _git(root, "commit", "-qm", "base")
        model.write_text(MODEL.format(**parts, rows=rows))
        words = [sys.executable, "-m", "benchbench", "gate", "real.yaml", "--base", "HEAD"]
        words += ["--fail-on", "slower", "--json", *(["--long"] if long else [])]
        begin = time.monotonic()
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode not in {0, 1}:
            raise SystemExit(done.stderr)
    (timing,) = json.loads(done.stdout)["timings"]
    keys = ("verdict", "pairs", "value", "low", "high", "detectable")
    judgement = {key: timing["judgement"][key] for key in keys}
    seconds = round(time.monotonic() - begin)
    return {"model": work["of"], "exit_code": done.returncode, "seconds": seconds, **judgement}


def _git(root: Path, *words: str) -> None:
    identity = ("-c", "user.name=gate", "-c", "user.email=gate@localhost")
    subprocess.run(["git", *identity, *words], cwd=root, check=True)


def page_of(found: dict[str, Any]) -> Page:
    """How the gates ended, kind by kind, and each of them."""
    kinds = dict.fromkeys((gate["slowdown_percent"], gate["long"]) for gate in found["gates"])
    summary, every = [], []
    for slowdown, long in kinds:
        gates = [
            g for g in found["gates"] if (g["slowdown_percent"], g["long"]) == (slowdown, long)
        ]
        failed = sum(gate["exit_code"] == 1 for gate in gates)
        name = f"{slowdown} %{', long' if long else ''}"
        summary.append(Line((name, str(len(gates)), str(failed))))
        every += [_line(name, gate) for gate in gates]
    header = ("injected", "model", "measured", "pairs", "seconds", "exit code", "verdict")
    return Page(
        "Real gates",
        (),
        (
            Grid("How they ended", ("injected", "gates", "failed as slower"), tuple(summary), 0),
            Grid("Each gate", header, tuple(every), text_columns=1),
        ),
        (),
        ("run by: python tests/evidence/real.py", "one figure a gate; the default rule"),
    )


def _line(name: str, gate: dict[str, Any]) -> Line:
    ends = "" if gate["low"] is None else f" [{gate['low']:.4f}, {gate['high']:.4f}]"
    figures = (str(gate["pairs"]), str(gate["seconds"]), str(gate["exit_code"]))
    return Line((name, gate["model"], f"{gate['value']:.4f}{ends}", *figures, gate["verdict"]))


if __name__ == "__main__":
    main()
