"""What is said beside figures of spikes: what they leave out, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.text import first_of
from benchbench.frameworks.generic import SILENT
from benchbench.frameworks.told import firing_of, found_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from benchbench.probes.counting.runs import BatchRun

__all__ = ["depends", "on_neurons", "on_synops", "unclear_steps", "why_none"]


def why_none(model: nn.Module, whole: BatchRun) -> str:
    """Why nothing is said of spikes, and what would help where something may fire after all."""
    reason = "the model has no spiking neurons"
    if silent := found_of(model).silent:
        return f"{reason}: {SILENT.format(', '.join(silent))}"
    if fed := [*whole.fed_spikes]:
        return (
            f"{reason} that could be found, though {_are(fed)} fed 0 and 1 alone: events of the "
            "data, or of what is to be a module of its own, or named under spiking:"
        )
    return reason


def depends(layers: Sequence[str]) -> str:
    """What is said where another sample causes other work than the first."""
    return f"how much {first_of(layers)} has to do depends on the sample"


def on_synops(whole: BatchRun) -> tuple[str, ...]:
    """Layers whose input was spikes once, and is charged as mult-adds."""
    charged = [name for name, t in whole.tallies.items() if t.spikes and not t.binary]
    if not charged:
        return ()
    return (
        "spikes arrive pooled, scaled or added up, not as 0 and 1, and count as mult-adds: "
        + ", ".join(charged),
    )


def on_neurons(model: nn.Module, whole: BatchRun) -> tuple[str, ...]:
    """Time steps that differ or may be hidden, and spikes of what is not known to be a neuron."""
    notes = [why for why in (_one_step(model, whole), _not_one(whole)) if why]
    unknown = [
        name
        for name, tally in whole.fed_spikes.items()
        if not tally.spikes and not any(name.startswith(f"{own}.") for own in whole.activity)
    ]
    if unknown:
        by = "by no neuron that is known: events of the data, an encoder, or what is to be named"
        notes.append(f"{_are(unknown)} fed 0 and 1 {by} under spiking:")
    return tuple(notes)


def _are(names: Sequence[str]) -> str:
    """``conv is``, ``conv, fc are``."""
    return f"{first_of(names)} {'is' if len(names) == 1 else 'are'}"


def unclear_steps(model: nn.Module, whole: BatchRun) -> str:
    """Why the time steps of one sample are not known; empty where they are."""
    return _not_one(whole) or _one_step(model, whole)


def _one_step(model: nn.Module, whole: BatchRun) -> str:
    """What is said where a neuron of the user's own may take several steps in its one call."""
    own = [name for name in whole.activity if firing_of(model.get_submodule(name))]
    if found_of(model).told.steps is None and any(whole.activity[it].steps == 1 for it in own):
        return "one time step was found: if a call of a neuron takes several, steps: tells T"
    return ""


def _not_one(whole: BatchRun) -> str:
    """What is said where neurons ran different time steps, or a module is shared by layers."""
    if len({did.steps for did in whole.activity.values()}) > 1:
        ran = ", ".join(f"{name} {did.steps}" for name, did in whole.activity.items())
        return f"neurons ran different numbers of time steps ({ran}): steps: tells them"
    if shared := [f"{name} {did.steps}" for name, did in whole.activity.items() if did.unclear]:
        return (
            "whether the calls of a module are time steps, or several layers that share it, "
            f"cannot be told ({', '.join(shared)}): steps: tells T"
        )
    return ""
