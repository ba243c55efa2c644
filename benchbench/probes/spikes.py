"""What really fires, and the operations that it causes, on the run's own images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from scipy import stats
from torch import Tensor, nn

from benchbench.metrics.registry import measured, unavailable
from benchbench.probes.counting.context import countable, forget, spiking_layers
from benchbench.probes.counting.counter import Counter
from benchbench.probes.counting.hooks import Activity, NotFiniteError, watch
from benchbench.probes.counting.macs import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = ["measure"]

SPIKING = ("firing_rate", "synops_exact", "synops_rate", "neuron_updates")
NAMES = (*SPIKING, "activation_sparsity", "macs_effective")


@dataclass(frozen=True, slots=True)
class Run:
    """What one batch did, or all of them together.

    Attributes:
        images: How many images.
        tallies: Operations of each layer, by name.
        activity: Outputs of each spiking (or ReLU) layer, by path.
    """

    images: int
    tallies: dict[str, Tally]
    activity: dict[str, Activity]


def measure(model: nn.Module, batches: Iterable[Tensor]) -> list[Measurement]:
    """Count on the CPU what the images make the model do.

    Args:
        model: Left as it was: state reset, mode and device as before.
        batches: Image tensors [N, C, H, W]; the 95 % interval (Student's t over batches) needs two
            or more, all of one size.

    Returns:
        ``firing_rate``, ``synops_exact``, ``synops_rate``, ``neuron_updates``,
        ``activation_sparsity`` and ``macs_effective``, counts per sample, each with
        ``detail["layers"]``; ``n/a`` with a reason where the model has no spiking neurons, or puts
        out what is not a number.

    Raises:
        CountError: A layer runs a product that the counter has no rule for.
    """
    neurons = spiking_layers(model)
    kinds = (nn.ReLU, nn.ReLU6)
    units: dict[str, nn.Module] = {
        name: module for name, module in model.named_modules() if isinstance(module, kinds)
    }
    try:
        with countable(model):
            runs = [_run(model, images.detach().cpu(), neurons or units) for images in batches]
    except NotFiniteError as error:
        return [unavailable(name, str(error)) for name in NAMES]
    whole = _together(runs)
    if not whole.images:
        return [unavailable(name, "there are no images") for name in NAMES]
    if neurons:
        return [*_spiking(whole, runs), *_any(whole, runs, "spiking layers")]
    reason = "the model has no spiking neurons"
    return [*(unavailable(name, reason) for name in SPIKING), *_any(whole, runs, "ReLU layers")]


def _run(model: nn.Module, images: Tensor, watched: dict[str, nn.Module]) -> Run:
    forget(model)
    with watch(watched) as activity, Counter(model) as counter:
        output = model(images)
    if isinstance(output, Tensor) and not bool(torch.isfinite(output).all()):
        raise NotFiniteError("the model's output is not finite on these images")
    return Run(len(images), {layer.name: layer.tally for layer in counter.layers()}, activity)


def _together(runs: Sequence[Run]) -> Run:
    tallies: dict[str, Tally] = {}
    activity: dict[str, Activity] = {}
    for run in runs:
        for name, tally in run.tallies.items():
            tallies[name] = tallies.get(name, Tally()) + tally
        for name, did in run.activity.items():
            activity[name] = activity.get(name, Activity()) + did
    return Run(sum(run.images for run in runs), tallies, activity)


def _spiking(whole: Run, runs: Sequence[Run]) -> list[Measurement]:
    """The figures that only a spiking network has.

    A layer is spike-fed where its every input in every batch is 0 or 1. Decided over all calls
    together: a blank image, which alone looks like no spikes at all, must not turn the
    multiplications of the first layer into free ones.
    """
    layers = {name: tally for name, tally in whole.tallies.items() if tally.binary}

    def exact(run: Run) -> float:
        return sum(run.tallies[name].macs_effective for name in layers.keys() & run.tallies.keys())

    def by_rate(run: Run) -> float:
        return math.fsum(_by_rate(run.tallies[name]) for name in layers.keys() & run.tallies.keys())

    rates = [
        {
            "name": name,
            "rate": did.rate,
            "spikes": did.nonzero / whole.images,
            "neurons": did.updates // (whole.images * did.steps),
        }
        for name, did in whole.activity.items()
    ]
    return [
        _figure("firing_rate", lambda run: _all(run).rate, whole, runs, rates),
        _figure(
            "synops_exact",
            lambda run: exact(run) / run.images,
            whole,
            runs,
            _rows(layers, lambda tally: {"synops": tally.macs_effective / whole.images}),
        ),
        _figure(
            "synops_rate",
            lambda run: by_rate(run) / run.images,
            whole,
            runs,
            _rows(layers, lambda t: {"synops": _by_rate(t) / whole.images, "density": _density(t)}),
        ),
        _figure(
            "neuron_updates",
            lambda run: _all(run).updates / run.images,
            whole,
            runs,
            [
                {"name": name, "updates": did.updates / whole.images}
                for name, did in whole.activity.items()
            ],
        ),
    ]


def _any(whole: Run, runs: Sequence[Run], over: str) -> list[Measurement]:
    """The figures that every network has."""
    if whole.activity:
        sparsity = _figure(
            "activation_sparsity",
            lambda run: 1 - _all(run).rate,
            whole,
            runs,
            [
                {"name": name, "sparsity": 1 - did.rate, "updates": did.updates / whole.images}
                for name, did in whole.activity.items()
            ],
            over=over,
        )
    else:
        reason = "the model has neither spiking neurons nor ReLU modules"
        sparsity = unavailable("activation_sparsity", reason)
    rows = _rows(
        whole.tallies,
        lambda tally: {
            "macs_effective": tally.macs_effective / whole.images,
            "density": _density(tally),
            "binary": tally.binary,
        },
    )
    effective = _figure(
        "macs_effective",
        lambda run: sum(tally.macs_effective for tally in run.tallies.values()) / run.images,
        whole,
        runs,
        rows,
    )
    return [sparsity, effective]


def _figure(
    name: str,
    of: Callable[[Run], float],
    whole: Run,
    runs: Sequence[Run],
    layers: list[dict[str, Any]],
    **detail: str,
) -> Measurement:
    """The figure over all images, and Student's interval where the batches are of one size."""
    low = high = None
    if len(runs) > 1 and len({run.images for run in runs}) == 1:
        values = torch.tensor([of(run) for run in runs], dtype=torch.float64)
        half = float(stats.t.ppf(0.975, len(runs) - 1)) * float(values.std()) / math.sqrt(len(runs))
        low, high = of(whole) - half, of(whole) + half
    silent = tuple(f"{layer} never fired" for layer, d in whole.activity.items() if not d.nonzero)
    return measured(
        name,
        of(whole),
        n=whole.images,
        low=low,
        high=high,
        reasons=silent,
        detail={"layers": layers, **detail},
    )


def _rows(
    tallies: dict[str, Tally], columns: Callable[[Tally], dict[str, float]]
) -> list[dict[str, Any]]:
    return [{"name": name, **columns(tally)} for name, tally in tallies.items()]


def _all(run: Run) -> Activity:
    return sum(run.activity.values(), Activity())


def _density(tally: Tally) -> float:
    return tally.nonzero / tally.elements if tally.elements else 0.0


def _by_rate(tally: Tally) -> float:
    return _density(tally) * tally.macs_dense
