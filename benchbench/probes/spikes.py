"""What really fires, and the operations that it causes, on the run's own images."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.metrics.statistics import t_interval

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from torch import Tensor, nn

    from benchbench.data.inputs import Inputs
    from benchbench.metrics.measurement import Measurement
    from benchbench.probes.counting.hooks import Activity
    from benchbench.probes.counting.macs import Tally
    from benchbench.probes.counting.runs import BatchRun

__all__ = [
    "ACTIVATION_SPARSITY",
    "FIRING_RATE",
    "MACS_EFFECTIVE",
    "NEURON_UPDATES",
    "SYNOPS_EXACT",
    "SYNOPS_RATE",
    "measure",
    "time_steps",
]

MACS_EFFECTIVE = Figure(
    "macs_effective",
    "Mult-adds, non-zero inputs",
    "1",
    "counted",
    "multiply-accumulates and accumulates whose input is not zero, on the run's images",
    exact=True,
    place=300,
)
SYNOPS_EXACT = Figure(
    "synops_exact",
    "SynOps, exact",
    "1",
    "counted",
    "accumulates triggered by real spikes, on the run's images",
    exact=True,
    place=301,
)
SYNOPS_RATE = Figure(
    "synops_rate",
    "SynOps, by rate",
    "1",
    "counted",
    "spike-fed layers' input rate times their dense mult-adds",
    place=302,
)
NEURON_UPDATES = Figure(
    "neuron_updates",
    "Neuron updates",
    "1",
    "counted",
    "spiking neurons times time steps",
    exact=True,
    place=303,
)
FIRING_RATE = Figure(
    "firing_rate",
    "Firing rate",
    "1",
    "counted",
    "spikes per neuron and time step, over all spiking layers",
    place=304,
    ranked=False,
)
ACTIVATION_SPARSITY = Figure(
    "activation_sparsity",
    "Activation sparsity",
    "1",
    "counted",
    "1 - non-zero activations / (neurons x T), over spiking layers, or over ReLU layers "
    "where there are none",
    "higher",
    place=305,
)

SPIKING = (FIRING_RATE, SYNOPS_EXACT, SYNOPS_RATE, NEURON_UPDATES)
ALL = (*SPIKING, ACTIVATION_SPARSITY, MACS_EFFECTIVE)


@probe(gives=ALL)
def measure(model: nn.Module, batches: Iterable[Inputs | Tensor]) -> list[Measurement]:
    """Count on the CPU what the images make the model do.

    Args:
        model: Left as it was: state reset, mode and device as before.
        batches: Inputs, or tensors [N, ...]; the 95 % interval (Student's t over batches) needs two
            or more, all of one size.

    Returns:
        ``firing_rate``, ``synops_exact``, ``synops_rate``, ``neuron_updates``,
        ``activation_sparsity`` and ``macs_effective``, counts per sample, each with
        ``detail["layers"]``; ``n/a`` with a reason where the model has no spiking neurons, or puts
        out what is not a number.

    Raises:
        CountError: A layer runs a product that the counter has no rule for, or two runs of one
            image differ.
    """
    from benchbench.probes.counting.hooks import NotFiniteError
    from benchbench.probes.counting.runs import runs_of, together, varying
    from benchbench.probes.counting.spike_notes import why_none

    try:
        runs, alone, watched = runs_of(model, batches)
    except NotFiniteError as error:
        return [figure.missing(str(error)) for figure in ALL]
    whole = together(runs)
    if not whole.images:
        return [figure.missing("there are no images") for figure in ALL]
    unlike = varying([*runs, alone] if alone else runs)
    every = _any(whole, runs, watched, unlike)
    if watched == "spiking layers":
        return [*_spiking(model, whole, runs), *every]
    reason = why_none(model, whole)
    return [*(figure.missing(reason) for figure in SPIKING), *every]


def time_steps(figures: Mapping[str, Measurement]) -> str:
    """The time steps of one sample as they were found or told; empty where nothing fires.

    Args:
        figures: What `measure` gave, by name.
    """
    found = figures.get(FIRING_RATE.name)
    if found is None or found.value is None:
        return ""
    steps = {
        layer["name"]: f"{layer['least_steps']} to {layer['steps']}"
        if "least_steps" in layer
        else layer["steps"]
        for layer in found.detail["layers"]
    }
    if len(set(steps.values())) == 1:
        return str(next(iter(steps.values())))
    return ", ".join(f"{count} ({name})" for name, count in steps.items())


def _spiking(model: nn.Module, whole: BatchRun, runs: Sequence[BatchRun]) -> list[Measurement]:
    """The figures that only a spiking network has.

    A layer is spike-fed where its every input in every batch is 0 or 1. Decided over all calls
    together: a blank image, which alone looks like no spikes at all, must not turn the
    multiplications of the first layer into free ones.
    """
    from benchbench.probes.counting.spike_notes import on_neurons, on_synops, unclear_steps

    layers = whole.fed_spikes
    notes, apart = on_synops(whole), on_neurons(model, whole)

    def exact(run: BatchRun) -> float:
        return sum(run.tallies[name].macs_effective for name in layers.keys() & run.tallies.keys())

    def by_rate(run: BatchRun) -> float:
        return math.fsum(_by_rate(run.tallies[name]) for name in layers.keys() & run.tallies.keys())

    rates = [
        {
            "name": name,
            "rate": did.rate,
            "spikes": did.nonzero / whole.images,
            "neurons": _neurons(name, whole, runs),
            "steps": did.steps,
            **_least_steps(name, runs),
        }
        for name, did in whole.activity.items()
    ]
    return [
        _figure(
            FIRING_RATE,
            lambda run: _all(run).rate,
            whole,
            runs,
            rates,
            apart,
            **({"unclear": why} if (why := unclear_steps(whole)) else {}),
        ),
        _figure(
            SYNOPS_EXACT,
            lambda run: exact(run) / run.images,
            whole,
            runs,
            _rows(layers, lambda tally: {"synops": tally.macs_effective / whole.images}),
            notes,
        ),
        _figure(
            SYNOPS_RATE,
            lambda run: by_rate(run) / run.images,
            whole,
            runs,
            _rows(layers, lambda t: {"synops": _by_rate(t) / whole.images, "density": _density(t)}),
            notes,
        ),
        _figure(
            NEURON_UPDATES,
            lambda run: _all(run).updates / run.images,
            whole,
            runs,
            [
                {"name": name, "updates": did.updates / whole.images}
                for name, did in whole.activity.items()
            ],
            apart,
        ),
    ]


def _any(
    whole: BatchRun, runs: Sequence[BatchRun], over: str, unlike: tuple[str, ...]
) -> list[Measurement]:
    """The figures that every network has.

    Where another sample causes other work (`unlike`), dense mult-adds of one sample are none of the
    network's: `notes_on` says so beside them.
    """
    if whole.activity:
        sparsity = _figure(
            ACTIVATION_SPARSITY,
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
        sparsity = ACTIVATION_SPARSITY.missing(reason)
    fed = whole.fed_spikes
    rows = [
        {
            "name": name,
            "macs_effective": tally.macs_effective / whole.images,
            "macs_dense": tally.macs_dense / whole.images,
            "density": _density(tally),
            "binary": name in fed,
        }
        for name, tally in whole.tallies.items()
    ]
    from benchbench.probes.counting.spike_notes import depends

    note = depends(unlike)
    notes = dict.fromkeys(("macs_dense", "macs_valid"), f"of the first sample alone: {note}")
    effective = _figure(
        MACS_EFFECTIVE,
        lambda run: sum(tally.macs_effective for tally in run.tallies.values()) / run.images,
        whole,
        runs,
        rows,
        (note,) if unlike else (),
        **({"notes_on": notes, "depends": note} if unlike else {}),
    )
    return [sparsity, effective]


def _figure(
    figure: Figure,
    of: Callable[[BatchRun], float],
    whole: BatchRun,
    runs: Sequence[BatchRun],
    layers: list[dict[str, Any]],
    notes: tuple[str, ...] = (),
    **detail: Any,  # noqa: ANN401 - JSON
) -> Measurement:
    """The figure over all images, and Student's interval where the batches are of one size."""
    low = high = None
    if len(runs) > 1 and len({run.images for run in runs}) == 1:
        mean, start, end = t_interval([of(run) for run in runs])
        low, high = of(whole) + start - mean, of(whole) + end - mean
    silent = tuple(f"{layer} never fired" for layer, d in whole.activity.items() if not d.nonzero)
    return figure(
        of(whole),
        n=whole.images,
        low=low,
        high=high,
        reasons=silent + notes,
        detail={"layers": layers, **detail},
    )


def _rows(
    tallies: dict[str, Tally], columns: Callable[[Tally], dict[str, float]]
) -> list[dict[str, Any]]:
    return [{"name": name, **columns(tally)} for name, tally in tallies.items()]


def _least_steps(name: str, runs: Sequence[BatchRun]) -> dict[str, int]:
    """The fewest time steps of a layer, where they are not the same in every batch."""
    found = {run.activity[name].steps for run in runs if name in run.activity}
    return {"least_steps": min(found)} if len(found) > 1 else {}


def _neurons(name: str, whole: BatchRun, runs: Sequence[BatchRun]) -> int:
    """Neurons of a layer, also where its time steps are not the same for every sample."""
    found = {
        did.updates // (run.images * did.steps) for run in runs if (did := run.activity.get(name))
    }
    did = whole.activity[name]
    return found.pop() if len(found) == 1 else did.updates // (whole.images * did.steps)


def _all(run: BatchRun) -> Activity:
    from benchbench.probes.counting.hooks import Activity

    return sum(run.activity.values(), Activity())


def _density(tally: Tally) -> float:
    return tally.nonzero / tally.elements if tally.elements else 0.0


def _by_rate(tally: Tally) -> float:
    return _density(tally) * tally.macs_dense
