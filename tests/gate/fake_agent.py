"""Answers as an agent does and works on no model: its tree's ``behaviour.json`` says how.

A model there has ``step_s`` and ``spread`` (seconds, of a log-normal step), ``counts``, and perhaps
``fail``, ``die`` or ``hang`` with the order at which that happens.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any


def main() -> None:
    """Answer one order a line."""
    models: dict[str, dict[str, Any]] = json.loads(Path("behaviour.json").read_text("utf-8"))
    noise, model = random.Random(), dict[str, Any]()  # noqa: S311 - a simulation
    layout = noise.gauss(0, 1)  # of this process: the same in all its windows
    for text in sys.stdin:
        order = json.loads(text)
        do = order["do"]
        if do in {"open", "count"}:
            model = models[order["workload"]["model"]]
        if model.get("hang") == do:
            time.sleep(60)
        if model.get("die") == do:
            sys.stderr.write("a last word\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        message = {"answer": answer(order, model, layout, noise), "done": True}
        if model.get("fail") == do:
            message = {"failure": {"status": "error", "reason": "RuntimeError: on purpose"}}
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def answer(
    order: dict[str, Any], model: dict[str, Any], layout: float, noise: random.Random
) -> dict[str, Any]:
    """What a model's behaviour says to an order of version 3."""
    if order["version"] != 3:
        raise SystemExit(f"version {order['version']}")
    match order["do"]:
        case "hello":
            return {"fingerprint": {"cpu": "drawn"}}
        case "open":
            return {"step_s": model["step_s"]}
        case "play":
            steady = model["step_s"] * (1 + model.get("spread", 0.0) * layout)
            return {"seconds": [steady * noise.uniform(1, 1.01) for _ in range(order["steps"])]}
        case "count":
            return {"figures": model["counts"]}
    raise SystemExit(f"what is {order['do']}?")


if __name__ == "__main__":
    main()
