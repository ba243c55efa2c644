#!/usr/bin/env python3
"""One hour with a GPU, used whole: what it measures in eight minutes, from the wheels of .gpu-kit.

Run by the Python that has torch: ``python3 .ci/gpu.py [--device cuda] [--meter auto]``.
Nothing is downloaded. Every step has a time of its own within the whole, its log is kept, and what
a step has measured when its time ends is kept as well. The order is that of worth: what the machine
is, the paper's table, the backends, and what the sensor is worth.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUDGET_S = 470
BACKENDS = (
    "conv_snn_backendnative_precision32",
    "conv_snn_backendfused_precision32",
    "conv_snn_backendfused_precisionbf16",
    "twin_backendnative_precisionbf16",
)


def main() -> int:
    """Install, run every step, and say which of them went well."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--meter", default="auto", help="as a suite's `meter`")
    parser.add_argument("--out", type=Path, default=ROOT / "reports" / "gpu")
    parser.add_argument("--kit", type=Path, default=ROOT / ".gpu-kit")
    given = parser.parse_args()
    begin = time.monotonic()
    site = _installed(given.kit)
    given.out.mkdir(parents=True, exist_ok=True)
    run = [sys.executable, "-m", "benchbench"]
    how = ["--device", given.device, "--out", str(given.out), "--set", f"meter={given.meter}"]
    only = [word for name in BACKENDS for word in ("--only", name)]
    sensor = [sys.executable, str(ROOT / ".ci" / "gpu_sensor.py"), given.device, given.meter]
    steps: list[tuple[str, float, list[str]]] = [
        ("doctor", 40, [*run, "doctor"]),
        ("sensor", 60, sensor),
        ("table3", 170, [*run, "run", "table3", "--quick", "--set", "repeats=3", *how]),
        ("backends", 230, [*run, "run", "backends", "--quick", "--set", "repeats=2", *only, *how]),
    ]
    ended = {}
    for name, limit_s, command in steps:
        left_s = BUDGET_S - (time.monotonic() - begin)
        ended[name] = _step(name, command, min(limit_s, left_s), given.out, site)
    (given.out / "steps.json").write_text(json.dumps(ended, indent=1) + "\n", "utf-8")
    sys.stdout.write(json.dumps({**ended, "seconds": round(time.monotonic() - begin)}) + "\n")
    return 3 if any(ended.values()) else 0


def _installed(kit: Path) -> Path:
    """The folder that the kit's wheels are unpacked in; the machine's own packages stay."""
    site = kit / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"]
    wheels = sorted(map(str, kit.glob("*.whl")))
    if not wheels:
        sys.exit(f"{kit}: no wheels: run `make gpu-kit` where there is a network")
    subprocess.run([*pip, "--no-compile", "--upgrade", "--target", str(site), *wheels], check=True)
    return site


def _step(name: str, command: list[str], limit_s: float, out: Path, site: Path) -> int:
    """Run one step; its exit code, 124 where its time ended first, its output in a log."""
    sys.stderr.write(f"{name}: at most {limit_s:.0f} s\n")
    if limit_s < 1:
        return 124
    environment = {**os.environ, "PYTHONPATH": str(site), "COLUMNS": "160"}
    with (out / f"{name}.txt").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            command, cwd=out, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
            for folder in sorted(out.glob(f"{name}/*")):  # what it had measured is a report, too
                report = [sys.executable, "-m", "benchbench", "report", str(folder), "--write"]
                subprocess.run(report, env=environment, stdout=log, stderr=log, check=False)
            return 124


if __name__ == "__main__":
    sys.exit(main())
