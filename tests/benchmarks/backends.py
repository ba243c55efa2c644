"""How fast the spiking network runs, against SpikingJelly's defaults and against its ReLU twin.

``make bench`` prints, for T = 4 at batch 16, ratios of the time of a training step and of an
inference, paired by round: every kind runs in a fresh process of its own, one after the other, so
that the noise of a shared machine falls on all of them alike. SpikingJelly's defaults are its step
mode s, PyTorch's Adam and the allocator as it is, written without a line of ours. Then the memory
of a training step above weights, gradients and the optimizer's state; and how long a layer of
18,432 inputs takes that gathers the weights of its spikes, by their density. Nothing is asserted.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from benchbench.metrics.statistics import paired_ratio
from benchbench.running.child import WORKER_ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS, WARM, STEPS, INFERENCES, BATCH = 5, 5, 15, 40, 16
DEFAULT = "SpikingJelly's default"
TWIN = ("shallow_cnn", {})
SPIKES = ("conv_snn", {"T": 4})
NATIVE, FUSED = ("native", 32, "contiguous"), ("fused", 32, "channels_last")
KINDS: dict[str, tuple[tuple[str, dict[str, Any]], tuple[str, int | str, str]]] = {
    "conv-SNN, native": (SPIKES, NATIVE),
    "conv-SNN, fused": (SPIKES, FUSED),
    "conv-SNN, fused, bf16": (SPIKES, ("fused", "bf16", "channels_last")),
    "twin, native": (TWIN, NATIVE),
    "twin, channels last": (TWIN, ("native", 32, "channels_last")),
    "twin, channels last, bf16": (TWIN, ("native", "bf16", "channels_last")),
    "twin, compiled, bf16": (TWIN, ("compiled", "bf16", "channels_last")),
}
SMALL_BLOCKS = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
IMAGES, TURNS = 20, 9
DENSITIES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)


def main() -> None:
    """Print everything."""
    console = Console(width=160)
    for name in KINDS:  # what is compiled once, before
        _child(name, WORKER_ENVIRONMENT)
    rounds: list[dict[str, dict[str, float]]] = []
    for _ in range(ROUNDS):
        found = {DEFAULT: _child(DEFAULT, {})}
        rounds.append(found | {name: _child(name, WORKER_ENVIRONMENT) for name in KINDS})
    for phase in ("train", "infer"):
        times = {name: [it[name][phase] for it in rounds] for name in rounds[0]}
        for name, seconds in times.items():
            said = f"{phase}: {name}: {1e3 * statistics.median(seconds):.1f} ms"
            console.print(f"{said}, {_ratio(times[DEFAULT], seconds)} x {DEFAULT}")
        spikes, twin = (_fastest(times, kind) for kind in ("conv-SNN", "twin"))
        console.print(
            f"{phase}: speed of {spikes} over {twin}, each the fastest of its kind: "
            f"{_ratio(times[twin], times[spikes])}"
        )
    memory = {name: _child(f"memory of {name}", SMALL_BLOCKS) for name in list(KINDS)[:3]}
    native = memory["conv-SNN, native"]["bytes"]
    for name, it in memory.items():
        console.print(
            f"peak of a training step above weights, gradients and optimizer state: {name}: "
            f"{it['bytes'] / 1e6:.0f} MB, {it['bytes'] / native:.2f} of native"
        )
    for line in _child("events", WORKER_ENVIRONMENT)["lines"]:  # type: ignore[attr-defined]
        console.print(line)


def _fastest(times: dict[str, list[float]], kind: str) -> str:
    names = [name for name in times if name.startswith(kind)]
    return min(names, key=lambda name: statistics.median(times[name]))


def _ratio(over: list[float], under: list[float]) -> str:
    value, low, high = paired_ratio(over, under)
    return f"{value:.2f} [{low:.2f}, {high:.2f}] (n = {len(over)})"


def _child(name: str, environment: dict[str, str]) -> dict[str, float]:
    rest = {key: value for key, value in os.environ.items() if not key.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, __file__, name],
        env={**rest, **environment},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _median(step: Callable[[], object], times: int) -> float:
    seconds = []
    for turn in range(WARM + times):
        start = time.perf_counter()
        step()
        if turn >= WARM:
            seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _default() -> dict[str, float]:
    """SpikingJelly's own training loop, as its examples write it."""
    import torch
    import torch.nn.functional as F  # noqa: N812 - as everybody calls it
    from spikingjelly.activation_based import functional, layer, neuron, surrogate

    class Net(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            atan = surrogate.ATan
            self.static = torch.nn.Sequential(
                layer.Conv2d(1, 128, 3, padding=1, bias=False), layer.BatchNorm2d(128)
            )
            self.conv = torch.nn.Sequential(
                neuron.IFNode(surrogate_function=atan()),
                layer.MaxPool2d(2, 2),
                layer.Conv2d(128, 128, 3, padding=1, bias=False),
                layer.BatchNorm2d(128),
                neuron.IFNode(surrogate_function=atan()),
                layer.MaxPool2d(2, 2),
            )
            self.fc = torch.nn.Sequential(
                layer.Flatten(),
                layer.Dropout(0.5),
                layer.Linear(128 * 144, 1152, bias=False),
                neuron.LIFNode(surrogate_function=atan()),
                layer.Dropout(0.5),
                layer.Linear(1152, 128, bias=False),
                neuron.LIFNode(surrogate_function=atan()),
                layer.Linear(128, 7, bias=False),
                neuron.LIFNode(surrogate_function=atan()),
            )

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            x = self.static(x)
            out = self.fc(self.conv(x))
            for _ in range(3):
                out = out + self.fc(self.conv(x))
            return out / 4

    torch.manual_seed(0)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    images, labels = torch.rand(BATCH, 1, 48, 48), torch.arange(BATCH) % 7
    wanted = F.one_hot(labels, 7).float()

    def train() -> None:
        optimizer.zero_grad()
        F.mse_loss(model(images), wanted).backward()
        optimizer.step()
        functional.reset_net(model)

    def infer() -> None:
        with torch.no_grad():
            model(images)
        functional.reset_net(model)

    found = {"train": _median(train, STEPS)}
    model.eval()
    return {**found, "infer": _median(infer, INFERENCES)}


def _made(name: str) -> tuple[Any, Callable[[], object], Callable[[], object]]:
    """A kind's model with its training step and its inference."""
    import torch

    from benchbench import zoo
    from benchbench.backends import Execution
    from benchbench.backends.executed import executed
    from benchbench.backends.native import inference_step, training_step
    from benchbench.training.loss import loss_of

    (model_name, given), execution = KINDS[name]
    torch.manual_seed(0)
    model: Any = zoo.build(model_name, given)
    how = executed(model, Execution(*execution), torch.device("cpu"))  # type: ignore[arg-type]
    batches = [(torch.rand(BATCH, 1, 48, 48), torch.arange(BATCH) % 7)]
    loss = loss_of("auto", model, 0.1)
    train = training_step(model, batches, loss, 1e-3, how=how)
    return how, train, lambda: inference_step(model, batches, how=how)


def _timed(name: str) -> dict[str, float]:
    how, train, inference = _made(name)
    found = {"train": _median(train, STEPS)}
    infer: Any = inference()
    with how.context():
        return {**found, "infer": _median(infer, INFERENCES)}


def _memory(name: str) -> dict[str, float]:
    """The peak of a training step above what is there before it and the gradients."""
    how, train, _ = _made(name)
    for _ in range(3):
        train()
    for parameter in how.model.parameters():
        parameter.grad = None
    gradients = sum(it.numel() * it.element_size() for it in how.model.parameters())
    before = _status("VmRSS")
    Path("/proc/self/clear_refs").write_text("5", "utf-8")  # the peak begins anew
    train()
    return {"bytes": _status("VmHWM") - before - gradients}


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text("utf-8").splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name))


def _events() -> dict[str, Any]:
    """FC1 of the network at batch 1, gathered against dense, by turns of twenty images.

    Once each image has spikes of its own, as in use, and once all have the same, whose weights then
    stay in the processor's cache.
    """
    import torch

    from benchbench.backends.events import EventLinear

    torch.manual_seed(0)
    module = torch.nn.Linear(18_432, 1_152, bias=False)
    gathers = EventLinear(module, None)
    lines = []
    with torch.inference_mode():
        gathers(torch.zeros(4, 1, 18_432))
        limit = gathers.limits[4, 18_432]
        for density in DENSITIES:
            images = [(torch.rand(4, 1, 18_432) < density).float() for _ in range(IMAGES)]
            said = []
            for what, given in (("other spikes", images), ("equal spikes", images[:1] * IMAGES)):
                ratios = []
                for _ in range(TURNS):
                    dense_s, ours_s = (_seconds(run, given) for run in (module, gathers))
                    ratios.append(dense_s / ours_s)
                low, *_, high = sorted(ratios)
                middle = statistics.median(ratios)
                said.append(f"{middle:.2f} [{low:.2f}, {high:.2f}] x dense with {what}")
            gathered = int(torch.count_nonzero(images[0])) <= limit
            lines.append(
                f"events: FC1 at batch 1, {100 * density:g} % spikes, "
                f"{'gathered' if gathered else 'dense'}: {'; '.join(said)} each time"
            )
        lines.append(f"events: FC1 gathers up to {100 * limit / (4 * 18_432):.0f} % spikes")
    return {"lines": lines}


def _seconds(run: Callable[[Any], object], images: list[Any]) -> float:
    start = time.perf_counter()
    for spikes in images:
        run(spikes)
    return time.perf_counter() - start


def _one(name: str) -> dict[str, Any]:
    """What the child of a name finds."""
    if name == DEFAULT:
        return _default()
    if name == "events":
        return _events()
    if name.startswith("memory of "):
        return _memory(name.removeprefix("memory of "))
    return _timed(name)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        sys.stdout.write(json.dumps(_one(sys.argv[1])) + "\n")
