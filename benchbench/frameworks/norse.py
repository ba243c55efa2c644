"""Norse: every neuron is given its state and gives it back, so that nothing outlives a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchbench.frameworks.base import Framework, framework, of_each_kind

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Norse"]

PACKAGE = "norse.torch"
ENCODERS = f"{PACKAGE}.module.encode"
# Files of neurons that integrate and do not fire.
INTEGRATORS = (f"{PACKAGE}.module.leaky_integrator", f"{PACKAGE}.module.leaky_integrator_box")


@framework
class Norse(Framework):
    """Norse: a cell is one time step, a module without "Cell" in its name all of them."""

    package: ClassVar[str] = PACKAGE

    def is_neuron(self, module: nn.Module) -> bool:
        """Whether the module fires: all neurons but the leaky integrators."""
        from norse.torch.module import coba_lif, lif_correlation, snn  # noqa: PLC0415 - it is loaded

        kinds = (snn.SNNCell, snn.SNNRecurrentCell, snn.SNN, snn.SNNRecurrent)
        alone = (coba_lif.CobaLIFCell, lif_correlation.LIFCorrelation)
        if not isinstance(module, (*kinds, *alone)):
            return False
        return not any(kind.__module__ in INTEGRATORS for kind in type(module).__mro__)

    def is_encoder(self, module: nn.Module) -> bool:
        """Whether the module is one of its encoders, which stand in a file of their own."""
        return any(kind.__module__ == ENCODERS for kind in type(module).__mro__)

    def holds_state(self, model: nn.Module) -> bool:  # noqa: ARG002 - none does
        """Nothing is kept: a call without a state starts from rest."""
        return False

    def reset(self, model: nn.Module) -> None:
        """Nothing is to be reset."""

    def walks_time(self, module: nn.Module) -> bool:
        """Whether one call takes all time steps, [T, N, ...]."""
        from norse.torch.module import snn  # noqa: PLC0415 - it is loaded

        return isinstance(module, snn.SNN | snn.SNNRecurrent)

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:  # noqa: ARG002 - one implementation
        """The step of integration and the surrogate gradient of each kind."""
        said = []
        for module in model.modules():
            if self.is_neuron(module):
                span = "all steps in a call" if self.walks_time(module) else "one step a call"
                method = getattr(getattr(module, "p", None), "method", "")
                dt = getattr(module, "dt", None)
                more = [f"dt {dt:g} s"] if isinstance(dt, float) else []
                more += [f"surrogate {method}"] if isinstance(method, str) and method else []
                said.append((module, ", ".join(["Norse", span, *more])))
        return of_each_kind(said)
