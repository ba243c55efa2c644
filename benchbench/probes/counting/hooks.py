"""What activation layers put out while a model runs."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch

from benchbench.frameworks import spikes_of, steps_of
from benchbench.frameworks.told import firing_of
from benchbench.probes.counting.handed_on import States
from benchbench.probes.counting.macs import count_nonzero

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from torch import Tensor, nn

    Given = tuple[tuple[object, ...], dict[str, object]]  # by position, by name

__all__ = ["Activity", "NotFiniteError", "watch"]


class NotFiniteError(Exception):
    """A layer met NaN or infinity: what follows from it is no count."""


@dataclass(frozen=True, slots=True)
class Activity:
    """What one activation layer put out.

    Attributes:
        nonzero: Outputs that are not zero: spikes, for a spiking layer.
        updates: Outputs in all, neurons x time steps x images.
        steps: Time steps of one image.
        unclear: Whether these cannot be told: it may be one module behind several layers.
        sequences: Sequences of calls that hand a state on, of the spikes' most frequent shape; 0
            where the module is no framework's, keeps its state or takes all steps in a call.
        size: Sum of the outputs' sizes, whatever their signs.
        whole: Whether every output is a whole number.
        low: The least output that is not zero; None where there is none.
        high: The largest output that is not zero.
        single: Whether an output counts as one spike where it is the one value beside 0, however
            high: of a module that was found or named, not of a framework's.
    """

    nonzero: int = 0
    updates: int = 0
    steps: int = 0
    unclear: bool = False
    sequences: int = 0
    size: float = 0.0
    whole: bool = True
    low: float | None = None
    high: float | None = None
    single: bool = True

    def __add__(self, other: Activity) -> Activity:
        """The activity in both, of as many time steps an image."""
        return Activity(
            self.nonzero + other.nonzero,
            self.updates + other.updates,
            max(self.steps, other.steps),
            self.unclear or other.unclear,
            max(self.sequences, other.sequences),
            self.size + other.size,
            self.whole and other.whole,
            min((it for it in (self.low, other.low) if it is not None), default=None),
            max((it for it in (self.high, other.high) if it is not None), default=None),
            self.single and other.single,
        )

    @property
    def rate(self) -> float:
        """Share of the outputs that are not zero."""
        return self.nonzero / self.updates if self.updates else 0.0

    @property
    def spikes(self) -> float | None:
        """Spikes: one where outputs are 0 and one other value, as many as a whole number says.

        None where outputs are other than that: they are no spikes.
        """
        if self.low == self.high and (self.single or not self.whole):
            return self.nonzero
        return self.size if self.whole else None


@contextlib.contextmanager
def watch(layers: Mapping[str, nn.Module]) -> Iterator[dict[str, Activity]]:
    """Add up what `layers` put out; the dictionary fills while the model runs.

    Raises:
        NotFiniteError: An input or output is NaN or infinite. Inputs are looked at too, since a
            neuron hides them: a potential that is not a number is not above the threshold either.
    """
    activity: dict[str, Activity] = {}
    single = {name for name, layer in layers.items() if firing_of(layer)}
    # A neuron without a state of its own may stand behind several layers: what it ran there is told
    # apart by its outputs' shapes.
    steps: dict[str, dict[torch.Size, int]] = {}
    begun: dict[str, dict[torch.Size, int]] = {}
    states = {name: States() for name in layers}

    def look(name: str, module: nn.Module, inputs: Given, output: object) -> None:
        spikes = spikes_of(module, output)
        if spikes is None:
            return
        for side, tensors in (("input", inputs[0]), ("output", (spikes,))):
            if not all(_finite(tensor) for tensor in tensors if isinstance(tensor, torch.Tensor)):
                raise NotFiniteError(f"the {side} of {name} is not finite on these images")
        # In step mode m one call holds all time steps, [T, N, ...]; in s it is one of them.
        own, now = steps.setdefault(name, {}), steps_of(module, spikes)
        own[spikes.shape] = own.get(spikes.shape, 0) + now
        if now == 1 and name not in single:
            first = begun.setdefault(name, {})
            first[spikes.shape] = states[name].see(inputs, output, spikes)
        most = max(own, key=own.__getitem__)
        seen = replace(
            _values_of(spikes),
            steps=own[most],
            sequences=begun.get(name, {}).get(most, 0),
            single=name in single,
        )
        activity[name] = activity[name] + seen if name in activity else seen

    with contextlib.ExitStack() as stack:
        for name, layer in layers.items():
            handle = layer.register_forward_hook(
                lambda module, args, kwargs, output, name=name: look(
                    name, module, (args, kwargs), output
                ),
                with_kwargs=True,
            )
            stack.callback(handle.remove)
        yield activity


def _values_of(outputs: Tensor) -> Activity:
    """What one call put out; most are 0 and 1 alone."""
    nonzero, elements = count_nonzero(outputs), outputs.numel()
    if count_nonzero(outputs == 1) == nonzero:
        one = 1.0 if nonzero else None
        return Activity(nonzero, elements, size=nonzero, low=one, high=one)
    there = outputs[outputs != 0].double()
    low, high = (float(end) for end in there.aminmax())
    whole = bool((there == there.round()).all())
    return Activity(
        nonzero, elements, size=float(there.abs().sum()), whole=whole, low=low, high=high
    )


def _finite(data: Tensor) -> bool:
    """Whether no element is NaN or infinite: a finite sum says so at once, another may not."""
    return bool(torch.isfinite(data.sum())) or bool(torch.isfinite(data).all())
