"""Modelled energy of one inference: several formulas side by side, none of them a measurement."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from benchbench.formulas.base import Counted
from benchbench.formulas.horowitz import compute_j
from benchbench.formulas.registry import own
from benchbench.formulas.thresholds import Threshold, break_even_density, break_even_of
from benchbench.formulas.yan import few_bit_twin_j
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.probes.counting.one_pass import later, untold_runs
from benchbench.probes.operations import MACS_DENSE
from benchbench.probes.spikes import FIRING_RATE, MACS_EFFECTIVE, NEURON_UPDATES, SYNOPS_EXACT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.formulas.base import Unknown
    from benchbench.formulas.registry import Formula
    from benchbench.metrics.measurement import Measurement

__all__ = ["NEEDS", "counted_of", "measure"]

NOT_SPIKE_FED = "no layer of this model is fed spikes: there is no ReLU twin to set beside it"
HOROWITZ = "; costs of Horowitz 2014, 45 nm"


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
        ranked=False,
    )


def _beside(name: str, title: str, says: str, place: int, otherwise: str) -> Figure:
    """A figure that stands beside the formulas and is none of this network's own energy."""
    return Figure(
        f"modelled_{name}",
        f"Modelled energy: {title}",
        "J",
        "modelled",
        f"per inference, no sensor: {says}",
        place=place,
        otherwise=otherwise,
        ranked=False,
    )


ZERO_SKIPPING = _beside(
    "zero_skipping",
    "arithmetic, zeros skipped",
    f"mult-adds of non-zero inputs at 4.6 pJ{HOROWITZ}",
    703,
    "spikes skip zeros anyway: its SynOps are in every formula",
)
FEW_BIT_TWIN = _beside(
    "few_bit_twin",
    "its few-bit twin",
    "arithmetic of the same layers run once with activations of ceil(log2(T + 1)) bits, the "
    "baseline of Yan et al. 2024; ours: an 8-bit weight is added for each of those bits" + HOROWITZ,
    704,
    NOT_SPIKE_FED,
)
BREAK_EVEN: dict[Threshold, Figure] = {
    "compute": _break_even("compute", "arithmetic alone", 710),
    "memory": _break_even("memory", "arithmetic and memory", 711),
    "hierarchy": _break_even("hierarchy", "memory hierarchy", 712),
}
AS_THE_FORMULA = {"compute": "compute_fp32", "memory": "", "hierarchy": "hierarchy"}
"""Formulas whose parameters a suite may set, by the break-even that has their costs."""

OWN = own()
ALL = (*(it.figure for it in OWN), ZERO_SKIPPING, FEW_BIT_TWIN, *BREAK_EVEN.values())
NEEDS = (MACS_DENSE, MACS_EFFECTIVE, SYNOPS_EXACT, NEURON_UPDATES, FIRING_RATE)


def counted_of(figures: Mapping[str, Measurement]) -> Counted | None:
    """What the formulas need, from what the other probes counted; None where that is missing."""
    dense, effective = figures.get(MACS_DENSE.name), figures.get(MACS_EFFECTIVE.name)
    if dense is None or effective is None or dense.value is None or effective.value is None:
        return None
    layers = dense.detail["layers"]
    macs = {layer["name"]: layer["macs_dense"] for layer in layers}
    total, depends = float(dense.value), effective.detail.get("depends", "")
    if depends:  # then the mean over the images, as their spikes are
        macs = {layer["name"]: layer["macs_dense"] for layer in effective.detail["layers"]}
        total = math.fsum(macs.values())
    spiking = {layer["name"] for layer in effective.detail["layers"] if layer["binary"]}
    words = {layer["name"]: layer["params"] for layer in layers}
    synops = figures.get(SYNOPS_EXACT.name)
    if synops is None or synops.value is None:
        return Counted(total, weights=sum(words.values()), unknown=_unknown(depends))
    rate, ran = figures[FIRING_RATE.name], figures[NEURON_UPDATES.name]
    updates = ran.value or 0.0
    neurons = sum(layer["neurons"] for layer in ran.detail["layers"])
    on_spikes = sum(macs[name] for name in spiking)
    spike_words = sum(words.get(name, 0) for name in spiking)
    steps = round(updates / neurons)
    others = [layer for layer in layers if layer["name"] not in spiking]
    later_macs, unclear = later(others, steps, "macs_dense")
    later_words, unfetched = later(others, steps, "params")
    unknown = _unknown(depends or ran.detail.get("unclear", ""))
    if not unknown:
        untold: dict[Unknown, tuple[str, ...]] = {"twin": unclear, "fetches": unfetched}
        unknown = {what: untold_runs(found, steps) for what, found in untold.items() if found}
    if rate.value is None:
        unknown["spikes"] = rate.reasons[0]
    return Counted(
        total - on_spikes,
        on_spikes,
        synops.value,
        updates,
        steps,
        sum(words.values()) - spike_words,
        spike_words,
        (rate.value or 0.0) * updates,
        later_macs,
        later_words,
        unknown,
    )


def _unknown(why: str) -> dict[Unknown, str]:
    """What is not known where time steps are not: nothing can be said of one pass."""
    return dict.fromkeys(("steps", "twin", "fetches"), why) if why else {}


@probe(gives=ALL, needs=NEEDS)
def measure(
    model: nn.Module,
    batches: Sequence[Inputs | Tensor],
    figures: Mapping[str, Measurement],
    formulas: Mapping[str, Mapping[str, float]],
) -> list[Measurement]:
    """Model the energy of one inference.

    Args:
        model: Model on the CPU; left as it was.
        batches: Inputs, or tensors [N, ...]; the first few samples are used for the estimators.
        figures: What operations and spikes counted on this model, by name.
        formulas: Parameters of formulas that are not their sources', by formula; one that is named
            here is asked even where it takes long.
    """
    from benchbench.data.inputs import Inputs
    from benchbench.probes.counting.estimated import estimated

    counted = counted_of(figures)
    asked = [it for it in OWN if it.is_asked(formulas)]
    if counted is None:
        reason = "modelled energy needs the counts of operations and spikes"
        late = [it.figure for it in OWN if it not in asked]
        return [figure.missing(reason) for figure in ALL if figure not in late]
    known = {} if "steps" in counted.unknown else {"T": counted.steps}
    of_counts = [it for it in asked if it.basis.kind == "counts"]
    dense = figures[MACS_DENSE.name]
    return [
        *(_of_counts(it, counted, figures, known, formulas) for it in of_counts),
        *_beside_it(counted, figures, {**known, "coverage": 1.0}, formulas),
        *estimated(
            [it for it in asked if it.basis.kind != "counts"],
            model,
            Inputs.of(batches[0]),
            dense,
            known,
            formulas,
        ),
    ]


def _of_counts(
    formula: Formula,
    counted: Counted,
    figures: Mapping[str, Measurement],
    known: Mapping[str, Any],
    given: Mapping[str, Mapping[str, float]],
) -> Measurement:
    parameters = formula.values(given)
    if formula.basis.inside == ("movement",) and not counted.neuron_updates:
        return formula.figure.missing("it has no spikes to move")
    if "movement" in formula.basis.inside and (why := counted.unknown.get("spikes")):
        return formula.figure.missing(why)
    if "memory" in formula.basis.inside and (unknown := _without_words(figures[MACS_DENSE.name])):
        why = f"the weights of {unknown} are no parameters, so that their number is not known"
        return formula.figure.missing(why)
    if formula.name == "hierarchy" and "fetches" in counted.unknown:
        return formula.figure.missing(counted.unknown["fetches"])
    joules = partial(formula.joules, **parameters)
    detail = {**known, "coverage": 1.0, "parameters": parameters}
    if "compute" in formula.basis.inside and counted.spike_macs:
        detail["break_even"] = break_even_of(joules, counted)
    return formula.figure(joules(counted), detail=detail, **_interval(joules, counted, figures))


def _interval(
    joules: Callable[[Counted], float], counted: Counted, figures: Mapping[str, Measurement]
) -> dict[str, Any]:
    """The interval of the spikes, carried through; none where no spikes were counted.

    Ours: an image with more accumulates has more spikes, so both are at the same end at once.
    """
    synops, rate = figures.get(SYNOPS_EXACT.name), figures.get(FIRING_RATE.name)
    if synops is None or rate is None or synops.low is None or synops.high is None:
        return {}
    ends = [
        joules(replace(counted, synops=max(0.0, of), spikes=fired * counted.neuron_updates))
        for of, fired in ((synops.low, max(0.0, rate.low or 0.0)), (synops.high, rate.high or 0.0))
    ]
    return {"n": synops.n, "low": min(ends), "high": max(ends)}


def _without_words(dense: Measurement) -> str:
    """A layer whose weights are no parameters: its words would be fetched for nothing."""
    layers = dense.detail["layers"]
    with_weights = (it for it in layers if it["kind"] in {"conv", "linear"} and it["macs_dense"])
    return next((str(it["name"]) for it in with_weights if not it["params"]), "")


def _beside_it(
    counted: Counted,
    figures: Mapping[str, Measurement],
    detail: dict[str, Any],
    given: Mapping[str, Mapping[str, float]],
) -> list[Measurement]:
    if not counted.spike_macs:
        effective = figures[MACS_EFFECTIVE.name]
        value, low, high = (
            None if macs is None else compute_j(Counted(macs), "fp32")
            for macs in (effective.value, effective.low, effective.high)
        )
        ends = {"n": effective.n, "low": low, "high": high}
        return [ZERO_SKIPPING(value or 0.0, detail=detail, **ends)]
    if why := counted.unknown.get("twin"):
        return [figure.missing(why) for figure in (FEW_BIT_TWIN, *BREAK_EVEN.values())]
    twin_j, bits = few_bit_twin_j(counted)
    out = [FEW_BIT_TWIN(twin_j, detail={**detail, "bits": bits})]
    here = counted.synops / counted.spike_macs
    costs = {it.name: it.values(given) for it in OWN}
    for threshold, figure in BREAK_EVEN.items():
        density = break_even_density(counted, threshold, costs.get(AS_THE_FORMULA[threshold]))
        if density is not None:
            out.append(figure(density, detail={**detail, "density": here}))
    return out
