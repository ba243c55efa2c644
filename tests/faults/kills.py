"""Kills benchbench a hundred times, and looks at what is lost, left running or locked.

    python tests/faults/kills.py --out reports/faults

Each kill is one signal to one process (the command, the guard, the worker) or the command's group,
at a random moment of a job, while reports are written, or during a gate. After every few kills the
same command runs to its end: its rows must be those of a run that nobody disturbed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

from benchbench.errors import OutputError
from benchbench.results import journal
from benchbench.running.guard import _descendants as descendants

__all__ = ["Kills", "main"]

ROOT = Path(__file__).parents[2]
SIGNALS = ("KILL", "TERM", "INT", "HUP", "SEGV")
MOMENTS = ("train", "count", "time", "reports", "gate")
TARGETS = ("command", "group", "guard", "worker")
CHAIN = 4  # kills before the command may run to its end
SOON_S = 120.0
MARK = "BENCHBENCH_KILLS"

MODELS = '''
from torch import nn

def net(width: int = 8, num_classes: int = 7):
    """A small network."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(2304, width), nn.ReLU(), nn.Linear(width, num_classes)
    )
'''
SUITE = """benchbench: 1
name: killed
settings: { batch_size: 4, repeats: 1, phases: [infer], window_s: 0.2, window_iterations: 1,
  warmup_s: 0.1, warmup_iterations: 1, warmup_cap_s: 0.2, idle_s: 0.1, train_steps: 0, images: 16,
  time_limit_s: 120, meter: none, train: { epochs: 1, images: 16 } }
gate: { alarm_percent: 20, pairs: 4, turns: 2, window_s: 0.05, warmup_s: 0 }
models:
  - { id: narrow, model: "own.py:net" }
  - { id: wide, model: "own.py:net", set: { width: 16 } }
"""


@dataclass(slots=True)
class Kills:
    """A folder in which benchbench is killed.

    Attributes:
        place: The folder.
        draw: Random numbers.
        faults: What went wrong.
        done: Kills by moment and process.
        unbroken: Rows of a run that nobody disturbed.
    """

    place: Path
    draw: random.Random
    faults: list[str] = field(default_factory=list)
    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    unbroken: list[Any] = field(default_factory=list)

    def prepare(self) -> None:
        """Write the suite, in a repository of its own, and run it once."""
        (self.place / "own.py").write_text(MODELS)
        (self.place / "killed.yaml").write_text(SUITE)
        (self.place / ".gitignore").write_text("out\ncache\ntmp\n")
        (self.place / "tmp").mkdir()
        name = ("-c", "user.name=t", "-c", "user.email=t@t")
        for words in (["init", "-q"], ["add", "-A"], [*name, "commit", "-qm", "base"]):
            subprocess.run(["git", "-C", str(self.place), *words], check=True)
        code = self.finish()
        if code != 0:
            raise RuntimeError(f"the undisturbed run ended with exit code {code}")
        self.unbroken = self.rows()

    def command(self, moment: str) -> list[str]:
        """What is killed."""
        words = ["run", "killed.yaml"]
        if moment == "gate":
            words = ["gate", "killed.yaml", "--base", "HEAD", "--fail-on", "counts", "--pairs", "4"]
        return [sys.executable, "-m", "benchbench", *words, "--device", "cpu", "--out", "out"]

    def start(self, moment: str) -> subprocess.Popen[bytes]:
        """Start it, in a group of its own and marked, with caches of its own."""
        own = {MARK: str(self.place), "BENCHBENCH_CACHE": str(self.place / "cache")}
        own["PYTHONPATH"] = str(ROOT)
        log = (self.place / "command.log").open("wb")
        return subprocess.Popen(
            self.command(moment),
            cwd=self.place,
            env={**os.environ, **own, "TMPDIR": str(self.place / "tmp")},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )

    def finish(self) -> int:
        """Run it to its end."""
        return self.start("run").wait(timeout=600)

    def folder(self) -> Path:
        """The latest run; a gate that ended all the same has a folder beside it."""
        return max((self.place / "out" / "killed").glob("[0-9]*"))

    def rows(self) -> list[Any]:
        """What the report says of each model, times aside."""
        stored = json.loads((self.folder() / "results.json").read_text())
        if not stored["run"]["complete"]:
            return ["not complete"]
        kept = ("params", "macs_dense", "epochs")
        return [
            [
                cell["model"],
                cell["status"],
                sorted(cell["measurements"]),
                *(cell["measurements"][name]["value"] for name in kept),
            ]
            for cell in stored["cells"]
        ]

    def leave_to_do(self, moment: str) -> None:
        """Take from the journal the jobs of one task, its end and the reports with them."""
        folder = self.folder()
        records = [
            record
            for record in journal.read(folder)
            if record["kind"] != "end" and record.get("task") != moment
        ]
        text = "".join(f"{json.dumps(record)}\n" for record in records)
        (folder / journal.JOURNAL).write_text(text)
        for name in ("results.json", "results.csv", "report.md", "report.html"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(folder / "logs", ignore_errors=True)
        if moment == "train":  # or it is found again
            shutil.rmtree(self.place / "cache", ignore_errors=True)

    def has_come(self, moment: str) -> bool:
        """Whether the moment begins."""
        if moment == "gate":
            return len(self.marked()) >= 4  # the command, and a guard and an agent a side
        if moment == "reports":
            return any("results.json" in file.name for file in self.folder().iterdir())
        return any((self.folder() / "logs").glob(f"*-{moment}*"))

    def kill(self, moment: str, name: str, target: str) -> bool:
        """Kill it once; False where it had ended already."""
        if moment != "gate":
            shutil.rmtree(self.folder() / "logs", ignore_errors=True)
        process, until = self.start(moment), time.monotonic() + SOON_S
        while process.poll() is None and not self.has_come(moment):
            if time.monotonic() > until:
                self.faults.append(f"{moment}: has not begun")
                break
            time.sleep(0.01)
        time.sleep(self.draw.uniform(0, {"reports": 0.3, "gate": 6.0}.get(moment, 2.5)))
        before = self.jobs()
        hit = self.send(process, getattr(signal, f"SIG{name}"), target)
        what = f"{moment}, SIG{name} to the {target}"
        try:
            process.wait(timeout=SOON_S)
        except subprocess.TimeoutExpired:
            self.faults.append(f"{what}: it does not end")
            process.kill()
            process.wait()
        if hit:
            self.done[moment, target] += 1
            self.look(what, before)
            print(f"{sum(self.done.values())}: {what}", flush=True)
        return hit

    def send(self, process: subprocess.Popen[bytes], number: int, target: str) -> bool:
        """Send the signal; False where there is nobody any more."""
        if process.poll() is not None:
            return False
        chain = descendants(process.pid)  # the guard comes first, its worker next
        pid = {"guard": chain[:1], "worker": chain[1:2]}.get(target, [process.pid])
        try:
            if target == "group":
                os.killpg(process.pid, number)
            else:
                os.kill(pid[0], number)
        except (IndexError, ProcessLookupError):
            return False
        return True

    def jobs(self) -> set[str]:
        """The jobs that are finished, of every run."""
        found = set[str]()
        for file in (self.place / "out" / "killed").glob(f"*/{journal.JOURNAL}"):
            found |= {
                f"{file.parent.name}/{record['job']}"
                for record in journal.read(file.parent)
                if record["kind"] == "job"
            }
        return found

    def marked(self) -> list[int]:
        """The processes that this folder's commands have started, and their commands."""
        found = []
        for place in Path("/proc").glob("[0-9]*/environ"):
            try:
                if f"{MARK}={self.place}\0".encode() in place.read_bytes():
                    found.append(int(place.parent.name))
            except OSError:
                continue  # it has ended meanwhile
        return found

    def look(self, what: str, before: set[str]) -> None:
        """Look at what a kill has left: jobs, processes, locks."""
        until = time.monotonic() + 15.0  # the kernel has told the guards already
        while self.marked() and time.monotonic() < until:
            time.sleep(0.02)
        if left := self.marked():
            self.faults.append(f"{what}: {len(left)} process(es) left")
            for pid in left:
                os.kill(pid, signal.SIGKILL)
        if lost := before - self.jobs():
            self.faults.append(f"{what}: lost {', '.join(sorted(lost))}")
        try:
            for file in (self.place / "out" / "killed").glob(f"*/{journal.JOURNAL}"):
                journal.Journal(file.parent).close()
        except OutputError as error:
            self.faults.append(f"{what}: {error}")

    def series(self, moment: str, count: int, targets: tuple[str, ...] = TARGETS) -> None:
        """Kill it some times in one moment; every few kills it may run to its end."""
        if moment == "reports":  # nobody else is there
            targets = ("command", "group")
        wanted = [*product(SIGNALS, targets)]
        random.Random(moment).shuffle(wanted)  # noqa: S311 - the same at every call
        missed = 0
        begun = sum(self.done[moment, target] for target in TARGETS)
        for number in range(count):
            name, target = wanted[(begun + number) % len(wanted)]
            if moment != "gate" and number % CHAIN == 0:
                self.leave_to_do(moment)
            while missed < 3 * count and not self.kill(moment, name, target):
                missed += 1
                if moment != "gate":
                    self.leave_to_do(moment)
            if number % CHAIN == CHAIN - 1 or number == count - 1:
                self.compare(moment)

    def compare(self, moment: str) -> None:
        """Let it run to its end, and compare the rows."""
        code = self.finish()
        if code == 3:  # a worker that was killed is a row; the next run has none
            stored = json.loads((self.folder() / "results.json").read_text())
            for cell in stored["cells"]:
                if cell["status"] != "ok" and not all(map(_is_true, cell["reasons"])):
                    self.faults.append(f"{moment}: {cell['reasons']}")
            code = self.finish()
        if code != 0:
            said = (self.place / "command.log").read_text("utf-8", "replace")[-500:]
            self.faults.append(f"after {moment}: exit code {code}: {said}")
        elif self.rows() != self.unbroken:
            self.faults.append(f"after {moment}: other rows than without kills: {self.rows()}")


def _is_true(reason: str) -> bool:
    """Whether the reason of a row names the kill, or what followed from it."""
    return any(f"SIG{name}" in reason for name in SIGNALS) or "KeyboardInterrupt" in reason


def main() -> None:
    """Kill, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder of the table")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        kills = Kills(Path(scratch), random.Random(asked.seed))  # noqa: S311 - moments
        kills.prepare()
        with contextlib.suppress(KeyboardInterrupt):  # what was done until then is told
            for moment in islice(cycle(MOMENTS), asked.kills // CHAIN):
                kills.series(moment, CHAIN)
        for pid in kills.marked():
            os.kill(pid, signal.SIGKILL)
    total, minutes = sum(kills.done.values()), (time.monotonic() - begin) / 60
    print("\n".join(kills.faults) or f"{total} kills, nothing lost ({minutes:.0f} min)")
    if kills.faults:
        sys.exit(1)
    if asked.out:
        asked.out.mkdir(parents=True, exist_ok=True)
        (asked.out / "kills.md").write_text(_table(kills.done), "utf-8")


def _table(done: Counter[tuple[str, str]]) -> str:
    lines = [
        f"# {sum(done.values())} kills",
        "",
        f"Written by `make kills`: SIG{', SIG'.join(SIGNALS)} in turn, at",
        "random moments of a job, while reports are written, and during a gate. After each: no",
        "finished job lost, no process left running, no stale lock. After every few the same",
        "command ends with the rows of a run that nobody disturbed.",
        "",
        f"| during | {' | '.join(f'the {target}' for target in TARGETS)} |",
        "| --- | --- | --- | --- | --- |",
    ]
    for moment in MOMENTS:
        counts = " | ".join(str(done[moment, target] or "") for target in TARGETS)
        lines.append(f"| {moment} | {counts} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
