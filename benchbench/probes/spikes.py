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
    "spikes per neuron and time step, over all spiking layers; an output of 3 is three of them",
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
    every = _any(whole, runs, alone, watched, unlike)
    if watched == "spiking layers":
        return [*_spiking(model, whole, runs), *every]
    reason = why_none(model, whole)
    return [*(figure.missing(reason) for figure in SPIKING), *every]


def time_steps(figures: Mapping[str, Measurement]) -> str:
    """The time steps of one sample as they were found or told; empty where nothing fires.

    Args:
        figures: What `measure` gave, by name.
    """
    told = (figures.get(name) for name in (NEURON_UPDATES.name, FIRING_RATE.name))
    # Older runs have the second alone.
    having = (
        it for it in told if it and any("steps" in row for row in it.detail.get("layers", ()))
    )
    found = next(having, None)
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
    from benchbench.probes.counting.spike_rows import (
        all_of,
        by_rate_of,
        density_of,
        rate_of,
        rates_of,
        rows_of,
    )

    layers = whole.fed_spikes
    notes, apart = on_synops(whole), on_neurons(model, whole)

    def exact(run: BatchRun) -> float:
        return sum(run.tallies[name].macs_effective for name in layers.keys() & run.tallies.keys())

    def by_rate(run: BatchRun) -> float:
        return math.fsum(
            by_rate_of(run.tallies[name]) for name in layers.keys() & run.tallies.keys()
        )

    rates = rates_of(whole, runs)
    return [
        FIRING_RATE.missing(f"the outputs of {', '.join(graded)} are no spikes, but of many values")
        if (graded := [name for name, did in whole.activity.items() if did.spikes is None])
        else _figure(FIRING_RATE, rate_of, whole, runs, rates, apart),
        _figure(
            SYNOPS_EXACT,
            lambda run: exact(run) / run.images,
            whole,
            runs,
            rows_of(layers, lambda tally: {"synops": tally.macs_effective / whole.images}),
            notes,
        ),
        _figure(
            SYNOPS_RATE,
            lambda run: by_rate(run) / run.images,
            whole,
            runs,
            rows_of(
                layers,
                lambda t: {"synops": by_rate_of(t) / whole.images, "density": density_of(t)},
            ),
            notes,
        ),
        _figure(
            NEURON_UPDATES,
            lambda run: all_of(run).updates / run.images,
            whole,
            runs,
            [
                {
                    "name": row["name"],
                    "updates": whole.activity[row["name"]].updates / whole.images,
                    **{key: row[key] for key in ("neurons", "steps", "least_steps") if key in row},
                }
                for row in rates
            ],
            apart,
            **({"unclear": why} if (why := unclear_steps(model, whole)) else {}),
        ),
    ]


def _any(
    whole: BatchRun,
    runs: Sequence[BatchRun],
    alone: BatchRun | None,
    over: str,
    unlike: tuple[str, ...],
) -> list[Measurement]:
    """The figures that every network has.

    Where another sample causes other work (`unlike`), dense mult-adds of one sample are none of the
    network's: `notes_on` says so beside them.
    """
    from benchbench.probes.counting.spike_notes import depends
    from benchbench.probes.counting.spike_rows import all_of, effective_of, efforts_of

    if whole.activity:
        sparsity = _figure(
            ACTIVATION_SPARSITY,
            lambda run: 1 - all_of(run).rate,
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
    note = depends(unlike)
    notes = dict.fromkeys(("macs_dense", "macs_valid"), f"of the first sample alone: {note}")
    effective = _figure(
        MACS_EFFECTIVE,
        lambda run: effective_of(run, alone),
        whole,
        runs,
        efforts_of(whole, alone),
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
