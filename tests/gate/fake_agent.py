"""Speaks as a player does and works on no model: its tree's ``plays.json`` says how it behaves.

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
    plays: dict[str, dict[str, Any]] = json.loads(Path("plays.json").read_text("utf-8"))
    noise, playing = random.Random(), dict[str, Any]()  # noqa: S311 - a simulation
    layout = noise.gauss(0, 1)  # of this process: the same in all its windows
    for text in sys.stdin:
        order = json.loads(text)
        do = order["do"]
        if do in {"open", "count"}:
            playing = plays[order["cell"]["model"]]
        if playing.get("hang") == do:
            time.sleep(60)
        if playing.get("die") == do:
            sys.stderr.write("a last word\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        answer: dict[str, Any] = {}
        if playing.get("fail") == do:
            answer = {"error": "RuntimeError: on purpose"}
        elif do == "hello":
            answer = {"fingerprint": {"cpu": "drawn"}, "package": __file__}
        elif do == "open":
            answer = {"step_s": playing["step_s"]}
        elif do == "play":
            steady = playing["step_s"] * (1 + playing.get("spread", 0.0) * layout)
            answer = {"seconds": [steady * noise.uniform(1, 1.01) for _ in range(order["steps"])]}
        elif do == "count":
            answer = {"figures": playing["counts"]}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
