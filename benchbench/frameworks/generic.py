"""Neurons of one's own: modules of plain PyTorch that were found by their outputs, or named.

`benchbench.probes.counting.firing` finds them, on the images that are counted on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchbench.frameworks.base import Framework, framework
from benchbench.frameworks.told import firing_of, found_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

__all__ = ["Generic"]


@framework
class Generic(Framework):
    """Plain PyTorch (generic): modules that put out 0 and one other value, or that are named."""

    package: ClassVar[str] = "torch"

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether it was found or named."""
        return firing_of(module) is not None

    def holds_state(self, model: nn.Module) -> bool:
        """Whether a method was named that resets the model."""
        return bool(found_of(model).told.reset)

    def reset(self, model: nn.Module) -> None:
        """Call the model's own method, which may be one of a module inside (``net.reset``)."""
        path, _, name = found_of(model).told.reset.rpartition(".")
        getattr(model.get_submodule(path), name)()

    def walks_time(self, module: nn.Module) -> bool:
        """Whether one call was found to take several time steps."""
        firing = firing_of(module)
        return firing is not None and firing.steps > 1

    def spikes_of(self, module: nn.Module, outputs: object) -> Tensor | None:
        """The tensor that was found to hold 0 and one other value alone."""
        import torch  # noqa: PLC0415 - it is loaded
        from torch.utils._pytree import tree_leaves  # noqa: PLC0415 - see above

        firing = firing_of(module)
        tensors = [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]
        place = firing.output if firing else 0
        return tensors[place] if place < len(tensors) else None

    def steps_of(self, module: nn.Module, spikes: Tensor) -> int:  # noqa: ARG002 - was found before
        """Time steps of one call, as they were found."""
        firing = firing_of(module)
        return firing.steps if firing else 1

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:  # noqa: ARG002 - the same everywhere
        """Which modules are neurons and how that is known; what puts out nothing but 0."""
        kinds: dict[str, list[str]] = {}
        how: dict[str, str] = {}
        for path, module in model.named_modules():
            if firing := firing_of(module):
                kind = type(module).__name__
                kinds.setdefault(kind, []).append(path)
                how[kind] = "named" if firing.named else "found by outputs of 0 and one other value"
        facts = {kind: f"{how[kind]}: {', '.join(paths)}" for kind, paths in kinds.items()}
        found = found_of(model)
        if found.told.reset:
            facts["reset"] = f"{found.told.reset}() before each batch"
        if found.silent:
            facts["neurons"] = SILENT.format(", ".join(found.silent))
        return facts


SILENT = "{} put out nothing but 0 on these images: name them under spiking: if they are neurons"
