"""The state in which a model is counted, and its way back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import torch
from spikingjelly.activation_based import base, functional, neuron
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["countable", "forget", "spiking_layers", "walks_time"]


def forget(model: nn.Module) -> None:
    """Put SpikingJelly's neurons and dropout masks back to their start, where there are any."""
    if any(isinstance(module, base.MemoryModule) for module in model.modules()):
        functional.reset_net(model)


def spiking_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The model's spiking neurons by path; not those that integrate without firing.

    SpikingJelly's neurons have no base class in common, only the package that they stand in.
    """
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        lineage = [c for c in type(module).__mro__ if c.__module__.startswith(neuron.__name__)]
        inside = any(path.startswith(f"{outer}.") for outer in found)
        if lineage and not inside and not any("NonSpiking" in c.__name__ for c in lineage):
            found[path] = module
    return found


def walks_time(module: nn.Module) -> bool:
    """Whether one call of the module takes all time steps, [T, N, ...]."""
    if not isinstance(module, base.StepModule):
        return False
    return "s" not in module.supported_step_mode() or module.step_mode == "m"


@contextlib.contextmanager
def countable(model: nn.Module) -> Iterator[None]:
    """Hold `model` so that all that runs in it can be counted, then give it back as it was.

    It is on the CPU (on CUDA batch norms and neurons dispatch operations that no counter knows), in
    eval mode (dropout scales spikes, so that they are none any more), freshly reset, and without
    autograd. Composite operations arrive whole in inference mode (else ``padding='same'`` would
    arrive as an input that is padded already). Fused kernels are off: the flash kernel, the
    attention fast path and oneDNN's recurrent layer have no formula in any counter, their plain
    forms have. Random numbers start from the same seed, so that a Poisson encoder's spikes do.

    Args:
        model: On any one device; the parameters stay the same objects.
    """
    training = {module: module.training for module in model.modules()}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    fast_path = torch.backends.mha.get_fastpath_enabled()
    onednn = bool(torch.backends.mkldnn.enabled)
    forget(model)
    try:
        # Parameters that want gradients and go through a module (weight norm's do) break PyTorch's
        # ModuleTracker where autograd is off.
        model.to("cpu").eval().requires_grad_(requires_grad=False)
        torch.backends.mha.set_fastpath_enabled(False)
        # The setter itself: `mkldnn.flags` touches TF32 too, and warns.
        torch._C._set_mkldnn_enabled(onednn and not recurrent)  # noqa: SLF001
        with (
            torch.inference_mode(),
            sdpa_kernel(SDPBackend.MATH),
            torch.random.fork_rng(devices=[]),
        ):
            torch.default_generator.manual_seed(0)
            yield
    finally:
        torch._C._set_mkldnn_enabled(onednn)  # noqa: SLF001
        torch.backends.mha.set_fastpath_enabled(fast_path)
        forget(model)
        model.to(device)
        for parameter in trained:
            parameter.requires_grad_()
        for module, flag in training.items():
            module.training = flag
