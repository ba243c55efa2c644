"""Modelled energy of one inference: several formulas side by side, none of them a measurement.

Arithmetic is modelled from our own counts (`benchbench.formulas.horowitz`). Memory is modelled by
SpikingJelly's estimators, one image at a time: Lemaire's buffers grow with the batch, and so does
the cost of each access to them.
"""

from __future__ import annotations

import contextlib
import warnings
from typing import TYPE_CHECKING, Any, Literal

import torch
from spikingjelly.activation_based import op_counter
from torch import nn

from benchbench.formulas.horowitz import (
    PJ,
    Counted,
    break_even_density,
    compute_j,
    hierarchy_j,
    quantised_twin_j,
)
from benchbench.metrics.registry import measured, unavailable
from benchbench.metrics.statistics import t_interval
from benchbench.probes.counting.context import countable, forget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from torch import Tensor

    from benchbench.metrics.measurement import Measurement

__all__ = ["counted_of", "measure"]

IMAGES = 8  # the estimators run each image alone
ESTIMATORS = {
    "modelled_memory": "each weight use is read from memory, nothing is reused: 24.96 pJ a byte",
    "modelled_lemaire": "Lemaire et al. 2022 (arXiv:2210.13107), event-driven, SRAM by size",
}


def counted_of(figures: Mapping[str, Measurement]) -> Counted | None:
    """What the formulas need, from what the other probes counted; None where that is missing."""
    dense, effective = figures.get("macs_dense"), figures.get("macs_effective")
    if dense is None or effective is None or dense.value is None or effective.value is None:
        return None
    macs = {layer["name"]: layer["macs_dense"] for layer in dense.detail["layers"]}
    spiking = {layer["name"] for layer in effective.detail["layers"] if layer["binary"]}
    words = {layer["name"]: layer["params"] for layer in dense.detail["layers"]}
    synops = figures.get("synops_exact")
    if synops is None or synops.value is None:
        return Counted(float(dense.value), weights=sum(words.values()))
    updates = figures["neuron_updates"].value or 0.0
    neurons = sum(layer["neurons"] for layer in figures["firing_rate"].detail["layers"])
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


def measure(
    model: nn.Module, images: Tensor, figures: Mapping[str, Measurement]
) -> list[Measurement]:
    """Model the energy of one inference.

    Args:
        model: On the CPU; left as it was.
        images: [N, C, H, W]; the first few are used for the estimators.
        figures: By name: what operations and spikes counted on this model.
    """
    counted = counted_of(figures)
    if counted is None:
        reason = "modelled energy needs the counts of operations and spikes"
        return [unavailable(name, reason) for name in (*_ARITHMETIC, *ESTIMATORS)]
    known = {"T": counted.steps, "coverage": _coverage(model, figures["macs_dense"])}
    return [
        *_arithmetic(counted, figures),
        _estimate("modelled_memory", model, images, known, _simple),
        _estimate("modelled_lemaire", model, images, known, _lemaire),
    ]


_ARITHMETIC = (
    "modelled_compute_fp32",
    "modelled_compute_fp16",
    "modelled_compute_int8",
    "modelled_hierarchy",
    "modelled_zero_skipping",
    "modelled_quantised_twin",
    "break_even_compute",
    "break_even_memory",
    "break_even_hierarchy",
)
_BREAK_EVEN: tuple[Literal["compute", "memory", "hierarchy"], ...] = (
    "compute",
    "memory",
    "hierarchy",
)


def _arithmetic(counted: Counted, figures: Mapping[str, Measurement]) -> list[Measurement]:
    detail: dict[str, Any] = {"T": counted.steps, "coverage": 1.0}
    out = [
        measured(f"modelled_compute_{precision}", compute_j(counted, precision), detail=detail)
        for precision in ("fp32", "fp16", "int8")
    ]
    out.append(measured("modelled_hierarchy", hierarchy_j(counted), detail=detail))
    if not counted.spike_macs:
        effective = figures["macs_effective"].value or 0.0
        skipping = compute_j(Counted(effective), "fp32")
        out.append(measured("modelled_zero_skipping", skipping, detail=detail))
        return out
    twin_j, bits = quantised_twin_j(counted)
    out.append(measured("modelled_quantised_twin", twin_j, detail={**detail, "bits": bits}))
    here = counted.synops / counted.spike_macs
    for energy in _BREAK_EVEN:
        density = break_even_density(counted, energy)
        if density is not None:
            found = {**detail, "density": here}
            out.append(measured(f"break_even_{energy}", density, detail=found))
    return out


def _estimate(
    name: str,
    model: nn.Module,
    images: Tensor,
    known: Mapping[str, float],
    joules: Callable[[nn.Module, Tensor], float],
) -> Measurement:
    """One of SpikingJelly's estimators over the first images, each alone."""
    values = []
    try:
        with countable(model), _silent():
            for image in torch.split(images[:IMAGES], 1):
                forget(model)
                values.append(joules(model, image))
            forget(model)
    except Exception as error:  # noqa: BLE001 - a library's estimator fails on a model as it likes
        why = f"{type(error).__name__}: {error}"
        return unavailable(name, f"SpikingJelly's estimator refuses this model: {why}"[:300])
    detail, seen = {**known, "what": ESTIMATORS[name]}, known["coverage"]
    reasons = () if seen > 0.999 else (f"covers {100 * seen:.1f} % of the dense mult-adds",)
    if len(values) < 2:
        return measured(name, values[0], n=1, reasons=reasons, detail=detail)
    mean, low, high = t_interval(values)
    return measured(name, mean, n=len(values), low=low, high=high, reasons=reasons, detail=detail)


def _simple(model: nn.Module, image: Tensor) -> float:
    return float(op_counter.estimate_simple_energy(model, image).energy_total_pj) * PJ


def _lemaire(model: nn.Module, image: Tensor) -> float:
    config = op_counter.LemaireEnergyConfig(strict=False)
    return float(op_counter.estimate_lemaire_energy(model, image, config=config).total_pj) * PJ


def _coverage(model: nn.Module, dense: Measurement) -> float:
    """Share of the dense mult-adds that happen inside layers which the estimators know."""
    known = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
    paths = {path for path, module in model.named_modules() if isinstance(module, known)}
    layers: Sequence[Mapping[str, Any]] = dense.detail["layers"]
    inside = sum(layer["macs_dense"] for layer in layers if layer["name"] in paths)
    return inside / dense.value if dense.value else 0.0


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The estimators warn of each layer that costs nothing in their model."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", RuntimeWarning)
        yield
