"""sinabs: layers that take all time steps in a call, [N, T, ...], or squeezed into [N * T, ...]."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchbench.frameworks.base import Framework, framework, of_each_kind

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["Sinabs"]


@framework
class Sinabs(Framework):
    """sinabs: a layer keeps its state in buffers; by default it may fire several times a step."""

    package: ClassVar[str] = "sinabs"

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether the module is a layer with a spike function: all but the leaky integrators."""
        from sinabs.layers import StatefulLayer  # noqa: PLC0415 - it is loaded

        return isinstance(module, StatefulLayer) and bool(module.does_spike)

    def holds_state(self, model: nn.Module) -> bool:
        """Whether there are layers with a state, integrators as well."""
        from sinabs.layers import StatefulLayer  # noqa: PLC0415 - it is loaded

        return any(isinstance(module, StatefulLayer) for module in model.modules())

    def reset(self, model: nn.Module) -> None:
        """Start every layer anew.

        Its own `reset_states` keeps the last batch's size, from which the next batch's states are
        drawn at random, and writes into tensors that may be of inference mode.
        """
        import torch  # noqa: PLC0415 - it is loaded
        from sinabs.layers import StatefulLayer  # noqa: PLC0415 - see above

        for module in model.modules():
            if isinstance(module, StatefulLayer):
                for name, state in list(module.named_buffers(recurse=False)):
                    setattr(module, name, torch.zeros(0, device=state.device, dtype=state.dtype))

    def states_of(self, module: nn.Module) -> tuple[str, ...]:
        """All buffers of a layer, which are what `reset` starts anew."""
        from sinabs.layers import StatefulLayer  # noqa: PLC0415 - it is loaded

        if not isinstance(module, StatefulLayer):
            return ()
        return tuple(name for name, _ in module.named_buffers(recurse=False))

    def walks_time(self, module: nn.Module) -> bool:
        """Whether one call takes all time steps: each of its layers does."""
        return self.is_neuron(module)

    def steps_of(self, module: nn.Module, spikes: Tensor) -> int:
        """The second axis of [N, T, ...]; of [N * T, ...] what the layer was made with."""
        from sinabs.layers import SqueezeMixin  # noqa: PLC0415 - it is loaded

        if not isinstance(module, SqueezeMixin):
            return spikes.shape[1]
        if module.num_timesteps > 0:
            return int(module.num_timesteps)
        return len(spikes) // int(module.batch_size)

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:  # noqa: ARG002 - one implementation
        """The spike function of each kind: whether it fires several times a step."""
        said = []
        for module in model.modules():
            if self.is_neuron(module):
                function = module.spike_fn
                name = getattr(function, "__name__", type(function).__name__)
                said.append((module, f"sinabs, all steps in a call, {name}"))
        return of_each_kind(said)
