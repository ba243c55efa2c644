"""snnTorch: neurons whose state is passed in and out, or kept in the layer (``init_hidden``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchbench.frameworks.base import Framework, framework, of_each_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch
    from torch import nn

__all__ = ["SnnTorch"]

STATES = {"mem", "spk", "syn", "syn_exc", "syn_inh"}  # buffers that are no part of its weights


@framework
class SnnTorch(Framework):
    """snnTorch: a neuron keeps its last state in both styles, and gives its spikes first."""

    package: ClassVar[str] = "snntorch"

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether what the module puts out first is spikes."""
        import snntorch  # noqa: PLC0415 - it is loaded

        if isinstance(module, snntorch.LeakyParallel):
            return True
        if not isinstance(module, snntorch.SpikingNeuron):
            return False
        associative = getattr(snntorch, "AssociativeLeaky", ())
        if isinstance(module, associative) and module.use_q_projection:
            return False  # what leaves it is a projection of its spikes
        # One that walks through time gives its membrane potential alone where it has no output.
        return bool(module.output) or not self.walks_time(module)

    def holds_state(self, model: nn.Module) -> bool:
        """Whether there are neurons that keep a state: also those that are given it."""
        return any(True for _ in _resets(model))

    def reset(self, model: nn.Module) -> None:
        """Reset each neuron of this model: `snntorch.utils.reset` sees its direct children only."""
        for reset in _resets(model):
            reset()

    def states_of(self, module: nn.Module) -> tuple[str, ...]:
        """Membrane potentials, currents and spikes of the last batch: no reset empties them."""
        import snntorch  # noqa: PLC0415 - it is loaded

        if not isinstance(module, snntorch.SpikingNeuron):
            return ()
        return tuple(name for name, _ in module.named_buffers(recurse=False) if name in STATES)

    def walks_time(self, module: nn.Module) -> bool:
        """Whether one call takes all time steps, [T, N, C]: neurons without a reset of spikes."""
        import snntorch  # noqa: PLC0415 - it is loaded

        names = ("StateLeaky", "AssociativeLeaky", "LeakyParallel")  # the newer ones may be missing
        kinds = tuple(kind for name in names if (kind := getattr(snntorch, name, None)))
        return isinstance(module, kinds)

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:  # noqa: ARG002 - one implementation
        """Where the state of each kind is, and how it is reset by a spike."""
        said = []
        for module in model.modules():
            if self.is_neuron(module):
                kept = "kept in the layer" if getattr(module, "init_hidden", False) else "passed on"
                state = "all steps in a call" if self.walks_time(module) else f"state {kept}"
                by = getattr(module, "_reset_mechanism", None)
                mechanism = f", reset by {by}" if by and not self.walks_time(module) else ""
                said.append((module, f"snnTorch, {state}{mechanism}"))
        return of_each_kind(said)


def _resets(model: nn.Module) -> Iterator[Callable[[], object]]:
    """The reset of each neuron that has a state."""
    import snntorch  # noqa: PLC0415 - it is loaded

    for module in model.modules():
        reset = getattr(module, "reset_mem", None)
        if isinstance(module, snntorch.SpikingNeuron) and callable(reset):
            yield reset
