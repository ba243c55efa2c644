"""Runs the suite of misbehaving models, and writes down what their rows say.

    python tests/faults/faulty_models.py --out reports/faults

Each row has the true reason; the neighbours' counts are what they always are; no process is left.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["EXPECTED", "NEIGHBOURS", "Row", "faults_of", "rows_of"]

MODELS = Path(__file__).with_name("misbehaving.py")
PROCESSES = Path(__file__).with_name("misbehaving_processes.py")
NEIGHBOURS = ("well_before", "well_after")
PARAMS = 2304 * 8 + 8 + 8 * 7 + 7
MACS = 2304 * 8 + 8 * 7
SHORT = ("hangs_with_the_lock", "forks_a_daemon", "forks_and_goes_on_twice", "leaves_a_thread")
SHORT += ("kills_itself", "writes_half_a_line", "raises_what_has_no_text", "closes_every_file")

SETTINGS = """benchbench: 1
name: misbehaving
settings:
  batch_size: 4
  repeats: 0
  train_steps: 1
  images: 8
  time_limit_s: {limit_s}
  memory_limit_gib: 3
models:
"""

EXPECTED = {
    "raises_when_built": ("error", "ValueError: broken on purpose"),
    "raises_in_forward": ("error", "ArithmeticError: no way forward"),
    "raises_in_backward": ("error", "ArithmeticError: no way back"),
    "raises_in_training": ("error", "ArithmeticError: not in training"),
    "raises_without_end": ("error", "RecursionError"),
    "raises_what_has_no_text": ("error", r"_NoText: its text cannot be had \(SystemExit\)"),
    "raises_control_characters": ("error", r"ValueError: a.*and \\udcff half a letter ü"),
    "raises_ten_megabytes": ("error", "ValueError: long long"),
    "raises_a_group": ("error", r"ExceptionGroup: several \(2 sub-exceptions\)"),
    "raises_keyboard_interrupt": ("error", "KeyboardInterrupt"),
    "exits": ("error", "SystemExit: 0"),
    "exits_at_once": ("crash", "ended with exit code 0 in phase"),
    "exits_at_once_with_3": ("crash", "ended with exit code 3 in phase"),
    "segfaults": ("crash", "died of SIGSEGV in phase"),
    "aborts": ("crash", "died of SIGABRT in phase"),
    "kills_itself": ("crash", "killed by SIGKILL in phase .* and not by benchbench"),
    "dies_of_a_real_time_signal": ("crash", "died of signal 37 in phase"),
    "kills_its_guard": ("crash", "killed by SIGKILL in phase .* and not by benchbench"),
    "hangs": ("timeout", "killed after .* s in phase"),
    "hangs_with_the_lock": ("timeout", "killed after .* s in phase"),
    "hangs_deaf": ("timeout", "killed after .* s in phase"),
    "allocates_without_end": ("oom", "memory"),
    "forks": ("ok", ""),
    "forks_a_session": ("ok", ""),
    "forks_a_daemon": ("ok", ""),
    "forks_and_goes_on_twice": ("ok", ""),
    "leaves_a_process": ("ok", ""),
    "leaves_a_thread": ("ok", ""),
    "leaves_an_exit_handler": ("ok", ""),
    "leaves_what_does_not_go": ("ok", ""),
    "leaves_what_exits_when_it_goes": ("ok", ""),
    "prints_messages": ("ok", ""),
    "writes_messages": ("error", "something else wrote on the worker's own output"),
    "writes_half_a_line": ("error", "something else wrote on the worker's own output"),
    "writes_bytes": ("error", "something else wrote on the worker's own output"),
    "closes_twenty_files": ("error", "the model closed the worker's own files"),
    "leaves_its_group": ("error", "PermissionError"),
    "prints_a_gigabyte": ("ok", ""),
    "leaves_its_session": ("error", "PermissionError"),  # it leads one already
    "closes_every_file": ("error", "the model closed the worker's own files"),
    "takes_every_descriptor": ("error", "Too many open files"),
    "redirects_the_output": ("ok", ""),
    "patches_linear": ("ok", ""),
    "patches_the_seed": ("ok", ""),
    "patches_addition": ("ok", ""),
    "goes_elsewhere": ("ok", ""),
    "goes_where_nothing_is": ("error", "FileNotFoundError"),
    "computes_in_doubles": ("ok", ""),
    "takes_64_threads": ("ok", ""),
    "forbids_gradients": ("ok", ""),
    "makes_warnings_errors": ("error", "UserWarning: it has warned"),
    "changes_the_environment": ("ok", ""),
    "answers_nan": ("ok", ""),
    "answers_text": ("error", "str"),
    "answers_for_others": ("error", "for 4 samples"),
    "wipes_its_input": ("ok", ""),
}


class Row(NamedTuple):
    """What the report says of a model."""

    model: str
    status: str
    reason: str
    counts: dict[str, Any]


def rows_of(names: Sequence[str], folder: Path, limit_s: float) -> tuple[dict[str, Row], str]:
    """Run some of the models between their neighbours; their rows, and what was told meanwhile."""
    for file in (MODELS, PROCESSES):
        shutil.copy(file, folder)
    entries = [(NEIGHBOURS[0], "well"), *zip(names, names, strict=True), (NEIGHBOURS[1], "well")]
    lines = "".join(
        f"  - {{id: {key}, model: '{_file_of(name)}:{name}'}}\n" for key, name in entries
    )
    suite = folder / "misbehaving.yaml"
    suite.write_text(SETTINGS.format(limit_s=limit_s) + lines)
    words = ["run", suite, "--device", "cpu", "--out", folder / "out", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "benchbench", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode not in {0, 3}:
        raise RuntimeError(done.stderr)
    cells = json.loads(done.stdout)["cells"]
    rows = {
        cell["model"]: Row(
            cell["model"],
            cell["status"],
            "; ".join(cell["reasons"]),
            {name: figure["value"] for name, figure in cell["measurements"].items()},
        )
        for cell in cells
    }
    return rows, done.stderr


def _file_of(name: str) -> str:
    """The file that a model stands in."""
    of_processes = f"\ndef {name}(" in PROCESSES.read_text("utf-8")
    return (PROCESSES if of_processes else MODELS).name


def faults_of(rows: dict[str, Row], names: Sequence[str]) -> list[str]:
    """What is not as it must be."""
    found = []
    for name in names:
        row, (status, pattern) = rows.get(name), EXPECTED[name]
        if row is None:
            found.append(f"{name}: has no row")
        elif row.status != status or not re.search(pattern, row.reason, re.DOTALL):
            found.append(f"{name}: {row.status}: {row.reason}")
        elif len(row.reason) > 600:
            found.append(f"{name}: a reason of {len(row.reason)} characters")
        if row is not None and row.counts.get("params", PARAMS) != PARAMS:
            found.append(f"{name}: {row.counts['params']} parameters")
    for name in NEIGHBOURS:
        row = rows.get(name)
        counts = row and (row.status, row.counts.get("params"), row.counts.get("macs_dense"))
        if counts != ("ok", PARAMS, MACS):
            found.append(f"{name}: {counts}")
    return found


def main() -> None:
    """Run them all and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=float, default=45.0, help="seconds that a model has")
    parser.add_argument("names", nargs="*", default=[*EXPECTED])
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        rows, _ = rows_of(asked.names, Path(scratch), asked.limit)
    faults = faults_of(rows, asked.names)
    print("\n".join(faults) or f"{len(asked.names)} models, each with its true reason")
    lines = [
        f"# {len(asked.names)} models that misbehave",
        "",
        "Written by `make faults`. Each is one row of a suite of `tests/faults/misbehaving*.py`",
        f"in a worker of its own that is given {asked.limit:g} s; the two neighbours, first and",
        "last, are counted as ever.",
        "",
        "| model | row | reason |",
        "| --- | --- | --- |",
    ]
    for row in rows.values():
        reason = re.sub(r"[^ -~ü]", "·", row.reason.replace("|", "\\|"))
        lines.append(f"| `{row.model}` | {row.status} | {reason[:160]} |")
    if faults:
        sys.exit(1)
    asked.out.mkdir(parents=True, exist_ok=True)
    (asked.out / "models.md").write_text("\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
