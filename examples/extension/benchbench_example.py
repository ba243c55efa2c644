"""One of each kind that can be added to benchbench; none of its files knows of this one.

The decorators are all there is to it. What is heavy is imported inside the functions: commands that
run nothing read these declarations too.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, ClassVar

from benchbench.data import FaceData, data_set
from benchbench.formulas.base import PJ
from benchbench.formulas.registry import formula
from benchbench.frameworks.base import Framework, framework
from benchbench.meters import Ceiling, Meter, Uncertainty
from benchbench.meters.registry import meter
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.report.formats import report_format

if TYPE_CHECKING:
    from collections.abc import Iterator

    import torch
    from torch import nn

    from benchbench.formulas.base import Counted
    from benchbench.meters.registry import Request
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

LARGEST_WEIGHT = Figure(
    "largest_weight", "Largest weight", "1", "counted", "largest magnitude of any parameter"
)


@probe(gives=(LARGEST_WEIGHT,))
def largest_weight(model: nn.Module) -> Iterator[Measurement]:
    """A probe: it takes what it needs by the names of its parameters, and yields its figures."""
    yield LARGEST_WEIGHT(max(float(p.detach().abs().max()) for p in model.parameters()))


class ConstantPower(Meter):
    """A meter: a counter in joules that never goes down. This one is made up, and says so."""

    name = "constant 42 W"
    provenance = "simulated"
    uncertainty = Uncertainty(0.0, 0.0, "made up")
    ceiling = Ceiling(100.0, "100 W (made up)")  # no reading beyond it is believed

    def energy_j(self) -> float:
        """42 J a second, counted every 10 ms."""
        return 42.0 * (time.perf_counter() // 0.01) * 0.01


@meter("constant")
def open_constant(_request: Request) -> ConstantPower:
    """Opened by ``meter: constant`` in a suite."""
    return ConstantPower()


@data_set("noise")
def noise(seed: int) -> FaceData:
    """A data set: 48x48 grey images, uint8, with labels and splits; ``data: noise`` in a suite."""
    import numpy as np  # noqa: PLC0415

    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (70, 48, 48), dtype=np.uint8)
    labels = np.arange(70) % 7
    usage = np.array(["Training"] * 42 + ["PublicTest"] * 14 + ["PrivateTest"] * 14)
    digest = hashlib.sha256(images.tobytes()).hexdigest()
    names = tuple("abcdefg")
    return FaceData("noise", images, labels, usage, names, True, f"noise, seed {seed}", digest)


@framework
class Steps(Framework):
    """A framework: what is a neuron of it, and how is it reset. It is asked where it is loaded."""

    package: ClassVar[str] = "benchbench_example"

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether the module fires spikes."""
        return type(module).__name__ == "Step"

    def holds_state(self, model: nn.Module) -> bool:  # noqa: ARG002 - these have none
        """Whether anything outlives a batch."""
        return False

    def reset(self, model: nn.Module) -> None:
        """Nothing is to be put back."""

    def walks_time(self, module: nn.Module) -> bool:  # noqa: ARG002 - see above
        """Whether one call takes all time steps."""
        return False

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:  # noqa: ARG002
        """What the report says of its neurons."""
        count = sum(self.is_neuron(module) for module in model.modules())
        return {"Step": f"{count} layers of an example"} if count else {}


@formula(
    "example",
    title="example, 16 bit",
    source="an example",
    says="mult-adds at 0.2779 pJ, accumulates at 0.0389 pJ",
)
def sata(counted: Counted) -> float:
    """A formula: joules of one inference from the counts of one sample."""
    return PJ * (0.2779 * counted.macs + 0.0389 * (counted.synops + counted.neuron_updates))


@report_format
def plain_text(results: Results) -> dict[str, str]:
    """A report format: the text of each file, by its name in the run's folder."""
    lines = [
        f"{row['model']} {row['metric']} {row['value']} {row['unit']}" for row in results.rows()
    ]
    return {"figures.txt": "\n".join(lines) + "\n"}
