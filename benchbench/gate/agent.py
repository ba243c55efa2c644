"""The process of one side, base or candidate: it builds and runs models when it is told to.

It is started by path, and puts its own side's tree before what is installed: both sides are timed
and counted by this one file, while models, data and steps are each side's own. What proves it, the
files of the modules that were loaded, is in the answers. `benchbench.gate.contract` has what is
taken from a revision and the orders: ``hello`` says what machine and software this is, ``open``
builds a model and warms its step up, ``play`` runs some steps and reads the clock around each,
``count`` counts what has no noise. The messages are those of `benchbench.worker.channel`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

__all__ = ["Agent", "main"]

BATCHES = 4  # ours: enough to vary the input
BY_PATH = "benchbench_agent_"  # the candidate's, on both sides
WARM_UP_STEPS = 3  # ours: oneDNN has chosen its kernels and the allocator has its memory


def _by_path(name: str) -> Any:  # noqa: ANN401 - a module
    """A file of this package, not the side's own of the same name."""
    file = Path(__file__).parents[1] / name
    spec = importlib.util.spec_from_file_location(f"{BY_PATH}{file.stem}", file)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"{file} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


contract = _by_path("gate/contract.py")
origin = _by_path("zoo/origin.py")
trees = _by_path("gate/trees.py")


@dataclass(slots=True)
class Agent:
    """What a process has open.

    Attributes:
        trees: Roots of its own side's tree and of the other's.
        step: The step that is timed.
        sync: Function that waits until the device has finished.
        data: Training images by what they were asked for with: read once.
    """

    trees: tuple[Path, Path]
    step: Callable[[], object] = field(default=lambda: None)
    sync: Callable[[], None] = field(default=lambda: None)
    data: dict[str, Any] = field(default_factory=dict)

    def hello(self, order: dict[str, Any]) -> dict[str, Any]:
        """Stay on some cores, and say what a time depends on.

        Both sides get the same ones: what a core has to itself then falls out of their ratio.
        """
        if order["threads"] is not None:
            torch.set_num_threads(order["threads"])
        found = contract.taken("fingerprint")()  # of the machine, not of the cores it stays on
        os.sched_setaffinity(0, order["cores"])
        return {"fingerprint": found}

    def open(self, order: dict[str, Any]) -> dict[str, Any]:
        """Build a model and warm one of its steps up; the answer has the time of its last steps."""
        workload = order["workload"]
        device = torch.device(workload["device"])
        self.step = lambda: None  # what was open is let go first
        self.step = self._step(self._model(workload).to(device), workload, order["phase"])
        if device.type == "cuda":
            self.sync = lambda: torch.cuda.synchronize(device)
        start, seconds = time.perf_counter(), list[float]()
        while len(seconds) < WARM_UP_STEPS or time.perf_counter() - start < order["warmup_s"]:
            seconds += self.run_steps({"steps": 1})["seconds"]
        return {"step_s": min(seconds[-WARM_UP_STEPS:]), "modules": self.modules()}

    def run_steps(self, order: dict[str, Any]) -> dict[str, Any]:
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
        workload = order["workload"]
        footprint = _by_path("probes/counting/footprint.py").footprint
        figures: dict[str, Any] = _by_path("gate/exact_counts.py").counts(
            lambda: self._model(workload),
            lambda model, phase: self._step(model.to(workload["device"]), workload, phase),
            [images for images, _ in self._batches(workload, "infer")],
            tuple(order["phases"]),
            tuple(order["figures"]),
            contract.taken,
            footprint,
        )
        return {"figures": figures, "modules": self.modules()}

    def modules(self) -> dict[str, str]:
        """The files of the modules that tell whose code this is, by name."""
        loaded = {
            name: file
            for name, file in origin.loaded_modules().items()
            if not name.startswith(BY_PATH)
        }
        found: dict[str, str] = trees.modules_of(loaded, self.trees, origin.origin_of)
        return found

    def _model(self, workload: dict[str, Any]) -> nn.Module:
        if workload["threads"] is not None:
            torch.set_num_threads(workload["threads"])
        torch.manual_seed(workload["seed"])
        model: nn.Module = contract.taken("build")(
            workload["model"],
            workload["set"],
            Path(workload["folder"]),
            num_classes=workload["num_classes"],
        )
        if contract.offered("find_neurons"):
            neurons = contract.taken("neurons")(**workload.get("neurons", {}))
            contract.taken("find_neurons")(
                model, neurons, lambda: [images for images, _ in self._batches(workload, "infer")]
            )
        return model

    def _step(self, model: nn.Module, workload: dict[str, Any], phase: str) -> Callable[[], object]:
        batches = self._batches(workload, phase)
        # An older side finds no answer in anything but a tensor: it is asked for no other.
        more = {"output": output} if (output := workload.get("output")) else {}
        task = workload.get("task", "classification")
        step: Callable[[], object]
        if phase == "train":
            smoothing, rate = workload["label_smoothing"], workload["learning_rate"]
            other = {} if task == "classification" else {"objective": task}
            loss = contract.taken("loss_of")(workload["loss"], model, smoothing, **other)
            step = contract.taken("training_step")(model, batches, loss, rate, **more)
        else:
            whole = {"whole": True} if task == "none" else {}
            step = contract.taken("inference_step")(model, batches, **more, **whole)
        return step

    def _batches(self, workload: dict[str, Any], phase: str) -> list[Any]:
        key = json.dumps(workload["data"], sort_keys=True)
        if key not in self.data:
            if workload.get("faces") and not contract.offered("ferplus_of"):
                found = contract.taken("load_faces")(**workload["faces"])
            else:
                found = contract.taken("load_own")(**workload["data"])
            self.data[key] = found.split("Training")
        size = 1 if phase == "latency" else workload["batch_size"]
        device = torch.device(workload["device"])
        return list(contract.taken("batches_of")(self.data[key], size, BATCHES, device))


def main() -> None:
    """Answer one order a line until standard input closes."""
    with contextlib.suppress(OSError):  # if the kernel kills, kill this
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")
    channel = _by_path("worker/channel.py").Channel()
    own, other = map(Path, sys.argv[1:])
    sys.path[:] = trees.own_path(sys.path, own, other, origin.origin_of)
    agent = Agent((own, other))
    orders = {
        "hello": agent.hello,
        "open": agent.open,
        "play": agent.run_steps,
        "count": agent.count,
    }
    while True:
        order = channel.order()
        try:
            contract.check(order)
            channel.send(answer=orders[order["do"]](order), done=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, the parent says it
            channel.fail(error)


if __name__ == "__main__":
    main()
