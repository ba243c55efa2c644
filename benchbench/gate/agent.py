"""One side of a duet: a process of the base's or the candidate's tree that plays when told to.

It is started by path, with its own side's tree on the import path: both sides are timed and counted
by this one file, while models, data and steps are each side's own. What it takes from a revision is
`zoo.build`, `data.load`, five functions of `steps`, `fingerprint` and three probes.

The parent writes a line of JSON and waits for one: ``hello`` says what machine and software this
is, ``open`` builds a model and warms its step up, ``play`` runs some steps and reads the clock
around each, ``count`` counts what has no noise.
"""

from __future__ import annotations

import importlib.util
import json
import os
import queue
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["Player", "main"]

BATCHES = 4  # ours: enough to vary the input
WARM_UP_STEPS = 3  # ours: oneDNN has chosen its kernels and the allocator has its memory


@dataclass(slots=True)
class Player:
    """What a process has open.

    Attributes:
        step: The step that is played.
        sync: Waits until the device has finished.
        data: Training images by what they were asked for with: read once.
    """

    step: Callable[[], object] = field(default=lambda: None)
    sync: Callable[[], None] = field(default=lambda: None)
    data: dict[str, Any] = field(default_factory=dict)

    def hello(self, order: dict[str, Any]) -> dict[str, Any]:
        """Stay on some cores, and say what a time depends on.

        Both sides get the same ones: what a core has to itself then falls out of their ratio.
        """
        from benchbench import fingerprint  # noqa: PLC0415 - the side's own

        if order["threads"] is not None:
            torch.set_num_threads(order["threads"])
        found = fingerprint.fingerprint()  # of the machine, not of the cores that are stayed on
        os.sched_setaffinity(0, order["cores"])
        return {"fingerprint": found, "package": str(fingerprint.__file__)}

    def open(self, order: dict[str, Any]) -> dict[str, Any]:
        """Build a model and warm one of its steps up; the answer has the time of its last steps."""
        cell = order["cell"]
        device = torch.device(cell["device"])
        self.step = lambda: None  # what was open is let go first
        self.step = self._step(self._model(cell).to(device), cell, order["phase"])
        if device.type == "cuda":
            self.sync = lambda: torch.cuda.synchronize(device)
        start, seconds = time.perf_counter(), list[float]()
        while len(seconds) < WARM_UP_STEPS or time.perf_counter() - start < order["warmup_s"]:
            seconds += self.play({"steps": 1})["seconds"]
        return {"step_s": min(seconds[-WARM_UP_STEPS:])}

    def play(self, order: dict[str, Any]) -> dict[str, Any]:
        """Run some steps and give the time of each, seconds."""
        step, sync, clock = self.step, self.sync, time.perf_counter
        seconds = []
        for _ in range(order["steps"]):
            start = clock()
            step()
            sync()
            seconds.append(clock() - start)
        return {"seconds": seconds}

    def count(self, order: dict[str, Any]) -> dict[str, Any]:
        """Count a model: parameters, operations, spikes, operators, allocated bytes."""
        self.step = lambda: None  # what was open is let go
        cell = order["cell"]
        guards, probe = _referee("gate/exact_counts.py"), _referee("probes/footprint.py")
        figures: dict[str, Any] = guards.counts(
            lambda: self._model(cell),
            lambda model, phase: self._step(model.to(cell["device"]), cell, phase),
            [images for images, _ in self._batches(cell, "infer")],
            tuple(order["phases"]),
            probe.footprint,
        )
        return {"figures": figures}

    def _model(self, cell: dict[str, Any]) -> nn.Module:
        from benchbench import zoo  # noqa: PLC0415 - the side's own

        if cell["threads"] is not None:
            torch.set_num_threads(cell["threads"])
        torch.manual_seed(cell["seed"])
        model: nn.Module = zoo.build(
            cell["model"], cell["set"], Path(cell["folder"]), num_classes=cell["num_classes"]
        )
        return model

    def _step(self, model: nn.Module, cell: dict[str, Any], phase: str) -> Callable[[], object]:
        from benchbench.backends import native  # noqa: PLC0415 - the side's own

        batches = self._batches(cell, phase)
        if phase == "train":
            loss = native.loss_of(cell["loss"], model, cell["label_smoothing"])
            return native.training_step(model, batches, loss, cell["learning_rate"])
        return native.inference_step(model, batches)

    def _batches(self, cell: dict[str, Any], phase: str) -> list[Any]:
        from benchbench import data  # noqa: PLC0415 - the side's own
        from benchbench.backends import native  # noqa: PLC0415 - the side's own

        key = json.dumps(cell["data"], sort_keys=True)
        if key not in self.data:
            self.data[key] = data.load(**cell["data"]).split("Training")
        size = 1 if phase == "latency" else cell["batch_size"]
        device = torch.device(cell["device"])
        return native.batches_of(self.data[key], size, BATCHES, device)


def _referee(name: str) -> Any:  # noqa: ANN401 - a module
    """A file of this package, not the side's own of the same name."""
    file = Path(__file__).parents[1] / name
    spec = importlib.util.spec_from_file_location(f"benchbench_referee_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def main() -> None:
    """Answer one order a line until standard input closes."""
    Path("/proc/self/oom_score_adj").write_text("1000", "ascii")  # if the kernel kills, kill this
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a model prints goes to standard error
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_hear, args=(lines,), daemon=True).start()
    player = Player()
    orders = {
        "hello": player.hello,
        "open": player.open,
        "play": player.play,
        "count": player.count,
    }
    while True:
        order = json.loads(lines.get())
        try:
            answer = orders[order["do"]](order)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
            text = " ".join(str(error).split())
            answer = {"error": f"{type(error).__name__}: {text}"[:500]}
        _say(out, answer)


def _hear(lines: queue.SimpleQueue[bytes]) -> None:
    """Hand orders on; standard input closes when the parent ends, however it ends: end then."""
    with open(0, "rb", closefd=False) as orders:
        for line in orders:
            lines.put(line)
    os._exit(1)


def _say(out: TextIO, answer: dict[str, Any]) -> None:
    out.write(json.dumps(answer) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
