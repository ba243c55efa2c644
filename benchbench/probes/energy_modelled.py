"""Modelled energy of one inference: several formulas side by side, none of them a measurement.

Arithmetic is modelled from our own counts, memory by SpikingJelly's estimators, one image at a
time: Lemaire's buffers grow with the batch, and so does the cost of each access to them.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any

from benchbench.formulas.base import Counted
from benchbench.formulas.hierarchy import hierarchy_j
from benchbench.formulas.horowitz import COSTS_PJ, compute_j
from benchbench.formulas.thresholds import Threshold, break_even_density
from benchbench.formulas.yan import quantised_twin_j
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.metrics.statistics import t_interval
from benchbench.probes.operations import MACS_DENSE
from benchbench.probes.spikes import FIRING_RATE, MACS_EFFECTIVE, NEURON_UPDATES, SYNOPS_EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement

    Estimator = Callable[[nn.Module], contextlib.AbstractContextManager[Callable[[], float]]]

__all__ = ["COMPUTE", "HIERARCHY", "LEMAIRE", "MEMORY", "counted_of", "measure"]

LEAST_COVERAGE = 0.75  # of the dense mult-adds; below, an estimator's figure would rank by its gaps
IMAGES = 8  # the estimators run each image alone
NOT_SPIKE_FED = "no layer of this model is fed spikes: there is no ReLU twin to set beside it"
HOROWITZ = "; costs of Horowitz 2014, 45 nm"


def _formula(
    name: str, title: str, says: str, place: int, source: str = "", otherwise: str = ""
) -> Figure:
    return Figure(
        f"modelled_{name}",
        f"Modelled energy: {title}",
        "J",
        "modelled",
        f"per inference, no sensor: {says}",
        place=place,
        source=source,
        otherwise=otherwise,
    )


def _break_even(name: str, title: str, place: int) -> Figure:
    return Figure(
        f"break_even_{name}",
        f"Break-even density, {title}",
        "1",
        "modelled",
        "share of non-zero inputs of the spike-fed layers at which the network costs what its "
        f"ReLU twin costs by {title}; above 1 it always wins, below 0 never",
        "higher",
        place=place,
        otherwise=NOT_SPIKE_FED,
    )


COMPUTE = {
    precision: _formula(
        f"compute_{precision}",
        f"arithmetic alone, {precision}",
        f"mult-adds at {mac_pj:g} pJ, accumulates at {add_pj:g} pJ{HOROWITZ}",
        700 + index,
        "Horowitz 2014",
    )
    for index, (precision, (mac_pj, add_pj)) in enumerate(COSTS_PJ.items())
}
ZERO_SKIPPING = _formula(
    "zero_skipping",
    "arithmetic, zeros skipped",
    f"mult-adds of non-zero inputs at 4.6 pJ{HOROWITZ}",
    703,
    otherwise="spikes skip zeros anyway: its SynOps are in every formula",
)
QUANTISED_TWIN = _formula(
    "quantised_twin",
    "its quantised twin",
    "the same layers as a ReLU network of ceil(log2(T + 1)) bits (Yan et al. 2024)" + HOROWITZ,
    704,
    otherwise=NOT_SPIKE_FED,
)
MEMORY = _formula(
    "memory",
    "with memory",
    f"fp32 arithmetic, and 24.96 pJ for each byte of a weight's use{HOROWITZ}",
    705,
    "SpikingJelly's simple estimate",
)
HIERARCHY = _formula(
    "hierarchy",
    "memory hierarchy",
    "fp32 arithmetic; weights from DRAM once, from SRAM once a time step (Han et al. 2015)"
    + HOROWITZ,
    706,
    "Horowitz 2014, Han et al. 2015",
)
LEMAIRE = _formula(
    "lemaire",
    "Lemaire",
    "arithmetic, addressing and SRAM by size (Lemaire et al. 2022)",
    707,
    "Lemaire et al. 2022",
)
BREAK_EVEN: dict[Threshold, Figure] = {
    "compute": _break_even("compute", "arithmetic alone", 710),
    "memory": _break_even("memory", "arithmetic and memory", 711),
    "hierarchy": _break_even("hierarchy", "memory hierarchy", 712),
}
ALL = (
    *COMPUTE.values(),
    HIERARCHY,
    ZERO_SKIPPING,
    QUANTISED_TWIN,
    *BREAK_EVEN.values(),
    MEMORY,
    LEMAIRE,
)
NEEDS = (MACS_DENSE, MACS_EFFECTIVE, SYNOPS_EXACT, NEURON_UPDATES, FIRING_RATE)
WHAT = {
    MEMORY: "each weight use is read from memory, nothing is reused: 24.96 pJ a byte",
    LEMAIRE: "Lemaire et al. 2022 (arXiv:2210.13107), event-driven, SRAM by size",
}


def counted_of(figures: Mapping[str, Measurement]) -> Counted | None:
    """What the formulas need, from what the other probes counted; None where that is missing."""
    dense, effective = figures.get(MACS_DENSE.name), figures.get(MACS_EFFECTIVE.name)
    if dense is None or effective is None or dense.value is None or effective.value is None:
        return None
    macs = {layer["name"]: layer["macs_dense"] for layer in dense.detail["layers"]}
    spiking = {layer["name"] for layer in effective.detail["layers"] if layer["binary"]}
    words = {layer["name"]: layer["params"] for layer in dense.detail["layers"]}
    synops = figures.get(SYNOPS_EXACT.name)
    if synops is None or synops.value is None:
        return Counted(float(dense.value), weights=sum(words.values()))
    updates = figures[NEURON_UPDATES.name].value or 0.0
    neurons = sum(layer["neurons"] for layer in figures[FIRING_RATE.name].detail["layers"])
    on_spikes = sum(macs[name] for name in spiking)
    spike_words = sum(words[name] for name in spiking)
    return Counted(
        dense.value - on_spikes,
        on_spikes,
        synops.value,
        updates,
        round(updates / neurons),
        sum(words.values()) - spike_words,
        spike_words,
    )


@probe(gives=ALL, needs=NEEDS)
def measure(
    model: nn.Module, batches: Sequence[Inputs | Tensor], figures: Mapping[str, Measurement]
) -> list[Measurement]:
    """Model the energy of one inference.

    Args:
        model: Model on the CPU; left as it was.
        batches: Inputs, or tensors [N, ...]; the first few samples are used for the estimators.
        figures: What operations and spikes counted on this model, by name.
    """
    from benchbench.data.inputs import Inputs
    from benchbench.formulas.lemaire import lemaire
    from benchbench.formulas.simple import simple

    counted = counted_of(figures)
    if counted is None:
        reason = "modelled energy needs the counts of operations and spikes"
        return [figure.missing(reason) for figure in ALL]
    known = {"T": counted.steps, "coverage": _coverage(model, figures[MACS_DENSE.name])}
    return [
        *_arithmetic(counted, figures),
        *_estimated({MEMORY: simple, LEMAIRE: lemaire}, model, Inputs.of(batches[0]), known),
    ]


def _arithmetic(counted: Counted, figures: Mapping[str, Measurement]) -> list[Measurement]:
    detail: dict[str, Any] = {"T": counted.steps, "coverage": 1.0}
    out = [
        figure(compute_j(counted, precision), detail=detail)
        for precision, figure in COMPUTE.items()
    ]
    unknown = [
        layer["name"]
        for layer in figures[MACS_DENSE.name].detail["layers"]
        if layer["kind"] in {"conv", "linear"} and layer["macs_dense"] and not layer["params"]
    ]
    if unknown:  # their words would be fetched for nothing
        why = f"the weights of {unknown[0]} are no parameters, so that their number is not known"
        out.append(HIERARCHY.missing(why))
    else:
        out.append(HIERARCHY(hierarchy_j(counted), detail=detail))
    if not counted.spike_macs:
        effective = figures[MACS_EFFECTIVE.name].value or 0.0
        out.append(ZERO_SKIPPING(compute_j(Counted(effective), "fp32"), detail=detail))
        return out
    twin_j, bits = quantised_twin_j(counted)
    out.append(QUANTISED_TWIN(twin_j, detail={**detail, "bits": bits}))
    here = counted.synops / counted.spike_macs
    for threshold, figure in BREAK_EVEN.items():
        density = break_even_density(counted, threshold)
        if density is not None:
            out.append(figure(density, detail={**detail, "density": here}))
    return out


def _estimated(
    estimators: Mapping[Figure, Estimator],
    model: nn.Module,
    inputs: Inputs,
    known: Mapping[str, float],
) -> list[Measurement]:
    """SpikingJelly's estimators over the first images, each image alone and once for all of them.

    Where one of them refuses the model, each is asked by itself.
    """
    seen = known["coverage"]
    if seen < LEAST_COVERAGE:
        why = (
            f"the estimator sees {100 * seen:.1f} % of the dense mult-adds: with less than "
            f"{100 * LEAST_COVERAGE:.0f} % it says nothing of the network"
        )
        return [figure.missing(why) for figure in estimators]
    try:
        values = _joules(list(estimators.values()), model, inputs)
    except Exception as error:  # noqa: BLE001 - a library's estimator fails on a model as it likes
        if len(estimators) > 1:
            return [
                figure
                for name, one in estimators.items()
                for figure in _estimated({name: one}, model, inputs, known)
            ]
        why = f"SpikingJelly's estimator refuses this model: {type(error).__name__}: {error}"[:300]
        return [figure.missing(why) for figure in estimators]
    reasons = () if seen > 0.999 else (f"covers {100 * seen:.1f} % of the dense mult-adds",)
    out = []
    for figure, joules in zip(estimators, zip(*values, strict=True), strict=True):
        mean, low, high = t_interval(joules) if len(joules) > 1 else (joules[0], None, None)
        detail = {**known, "what": WHAT[figure]}
        out.append(figure(mean, n=len(joules), low=low, high=high, reasons=reasons, detail=detail))
    return out


def _joules(estimators: Sequence[Estimator], model: nn.Module, inputs: Inputs) -> list[list[float]]:
    """What each estimator says, sample by sample."""
    from benchbench.frameworks import reset
    from benchbench.probes.counting.context import countable

    values = []
    with countable(model), _silent():
        for sample in inputs[:IMAGES].singles():
            reset(model)
            with contextlib.ExitStack() as stack:
                said = [stack.enter_context(estimator(model)) for estimator in estimators]
                sample.run(model)
            values.append([joules() for joules in said])
        reset(model)
    return values


def _coverage(model: nn.Module, dense: Measurement) -> float:
    """Share of the dense mult-adds that happen inside layers which the estimators know."""
    from torch import nn

    known = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
    paths = {path for path, module in model.named_modules() if isinstance(module, known)}
    layers: Sequence[Mapping[str, Any]] = dense.detail["layers"]
    inside = sum(layer["macs_dense"] for layer in layers if layer["name"] in paths)
    return inside / dense.value if dense.value else 0.0


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The estimators warn of each layer that costs nothing in their model."""
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
