"""The workloads of SpikingJelly's cross-validation of its energy estimators.

Its table (``docs/source/_static/tutorials/op_counter/energy_model_cross_validation.csv`` of the
repository) is of networks in eval mode, step mode s, IF neurons, 10 classes and T = 1, on one input
that is drawn after the network is built. Each convolution of the network, followed by one IF
neuron, is run alone on the input that it had in the whole network.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

SEED, CLASSES = 20_260_830, 10
FAMILIES = (
    *("spiking_vgg11", "spiking_vgg13", "spiking_vgg16", "spiking_vgg19"),
    *("sew_resnet18", "sew_resnet34", "sew_resnet50"),
)


class Stages(nn.Module):
    """Convolutions, each with one IF neuron, on inputs that are kept with them."""

    def __init__(self, stages: list[tuple[nn.Module, Tensor]]) -> None:
        """Keep them.

        Args:
            stages: Each convolution with its input [1, C, H, W].
        """
        from spikingjelly.activation_based import neuron  # noqa: PLC0415 - slow to import

        super().__init__()
        pairs = [nn.Sequential(module, neuron.IFNode()) for module, _ in stages]
        self.stages = nn.ModuleList(pairs)
        for index, (_, given) in enumerate(stages):
            self.register_buffer(f"given{index}", given, persistent=False)

    def forward(self, _: Tensor) -> Tensor:
        """The spikes of the last stage; what is handed in only says that it is to run."""
        outs = [stage(getattr(self, f"given{index}")) for index, stage in enumerate(self.stages)]
        last: Tensor = outs[-1]
        return last


def stages(family: str, size: int) -> nn.Module:
    """The stages of one network.

    Args:
        family: One of `FAMILIES`, by its name in SpikingJelly.
        size: Height and width of the input.
    """
    net, image = _network(family, size)
    found: list[tuple[nn.Module, Tensor]] = []

    def note(module: nn.Module, given: Any) -> None:  # noqa: ANN401 - torch's
        found.append((module, given[0].clone()))

    convolutions = [module for module in net.modules() if isinstance(module, nn.Conv2d)]
    hooks = [module.register_forward_pre_hook(note) for module in convolutions]
    with torch.no_grad():
        net(image)
    for hook in hooks:
        hook.remove()
    return Stages(found).eval()


def _network(family: str, size: int) -> tuple[nn.Module, Tensor]:
    """A network and its input, drawn as the table's were."""
    from spikingjelly.activation_based import neuron  # noqa: PLC0415 - slow to import
    from spikingjelly.activation_based.model import sew_resnet, spiking_vgg  # noqa: PLC0415 - as above

    common: dict[str, Any] = {"spiking_neuron": neuron.IFNode, "num_classes": CLASSES}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED + 2 * FAMILIES.index(family) + size)
        if family.startswith("sew"):
            common |= {"cnf": "ADD", "detach_reset": True, "norm_layer": _no_norm}
            net: nn.Module = getattr(sew_resnet, family)(**common)
        else:
            net = getattr(spiking_vgg, family)(**common)
        net.eval()
        return net, torch.randn(1, 3, size, size)


def _no_norm(_: int) -> nn.Module:
    return nn.Identity()


def one_sample() -> dict[str, Any]:
    """One sample, of no importance: the stages have inputs of their own."""
    return {"train": (torch.zeros(1, 1), torch.zeros(1, dtype=torch.int64))}
