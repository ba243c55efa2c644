"""SpikingJelly 2: neurons, step modes, and the implementation that really runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchbench.frameworks.base import Framework, framework, of_each_kind

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["SpikingJelly"]

PACKAGE = "spikingjelly.activation_based"
NEURONS = f"{PACKAGE}.neuron"
ENCODERS = f"{PACKAGE}.encoding"

# What `neuron_implementation` calls the neurons that it knows; all others run as they are written.
IMPLEMENTED = {
    "IFNode": "if",
    "LIFNode": "lif",
    "ParametricLIFNode": "plif",
    "QIFNode": "qif",
    "EIFNode": "eif",
    "IzhikevichNode": "izhikevich",
    "ILIFNode": "ilif",
    "ActivationAwareIFNode": "activation_aware_if",
    "STBIFNode": "stbif",
    "ComplementaryLIFNode": "clif",
}


@framework
class SpikingJelly(Framework):
    """SpikingJelly 2: one step a call, or all of them in step mode m.

    Its neurons have no base class in common, only the package that they stand in.
    """

    package: ClassVar[str] = PACKAGE

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether the module is one of its neurons that fire."""
        lineage = [kind for kind in type(module).__mro__ if kind.__module__.startswith(NEURONS)]
        return bool(lineage) and not any("NonSpiking" in kind.__name__ for kind in lineage)

    def is_encoder(self, module: nn.Module) -> bool:
        """Whether the module is one of its encoders, which stand in a file of their own."""
        return any(kind.__module__ == ENCODERS for kind in type(module).__mro__)

    def holds_state(self, model: nn.Module) -> bool:
        """Whether there are neurons, or dropout that keeps its mask over time."""
        from spikingjelly.activation_based import base  # noqa: PLC0415 - it is loaded

        return any(isinstance(module, base.MemoryModule) for module in model.modules())

    def reset(self, model: nn.Module) -> None:
        """Reset what has a memory."""
        from spikingjelly.activation_based import functional  # noqa: PLC0415 - it is loaded

        functional.reset_net(model)

    def walks_time(self, module: nn.Module) -> bool:
        """Whether the module is in step mode m, or has no other."""
        from spikingjelly.activation_based import base  # noqa: PLC0415 - it is loaded

        if not isinstance(module, base.StepModule):
            return False
        return "s" not in module.supported_step_mode() or module.step_mode == "m"

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:
        """Step mode and implementation of each kind of neuron."""
        from spikingjelly.activation_based import functional  # noqa: PLC0415 - it is loaded

        said = []
        for module in model.modules():
            if self.is_neuron(module):
                kind = type(module).__name__
                mode = getattr(module, "step_mode", "m")  # PSN knows no other
                text = f"step mode {mode}"
                if kind in IMPLEMENTED:
                    try:
                        short = IMPLEMENTED[kind]
                        found = functional.neuron_implementation(short, device)["implementation"]
                    except (ValueError, RuntimeError) as error:
                        found = f"unknown ({error})"
                    text += f", {found}"
                said.append((module, text))
        return of_each_kind(said)
