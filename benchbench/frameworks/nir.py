"""NIR graphs: the neurons are the importer's, and what imported them is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from benchbench.frameworks.base import Framework, framework

if TYPE_CHECKING:
    import torch
    from torch import nn

__all__ = ["Nir", "tell"]

IMPORTED = "_benchbench_nir"


@framework
class Nir(Framework):
    """NIR graphs (model: path/to/graph.nir): imported by SpikingJelly, or else by snnTorch."""

    package: ClassVar[str] = "nirtorch"

    def is_neuron(self, module: nn.Module) -> bool:  # noqa: ARG002 - none is
        """None is: a graph's neurons are those of its importer."""
        return False

    def holds_state(self, model: nn.Module) -> bool:  # noqa: ARG002 - nothing does
        """Nothing but those neurons: the graph passes on what else it keeps."""
        return False

    def reset(self, model: nn.Module) -> None:
        """Nothing is to be reset."""

    def walks_time(self, module: nn.Module) -> bool:  # noqa: ARG002 - the whole model does
        """None does: the model walks, a neuron takes one step a call."""
        return False

    def neuron_facts(self, model: nn.Module, device: torch.device) -> dict[str, str]:  # noqa: ARG002 - the same everywhere
        """What imported the graph."""
        imported = vars(model).get(IMPORTED)
        return {"NIR": imported} if isinstance(imported, str) else {}


def tell(model: nn.Module, imported: str) -> None:
    """Keep with a model what imported it."""
    vars(model)[IMPORTED] = imported
