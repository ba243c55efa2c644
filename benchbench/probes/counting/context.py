"""The state in which a model is counted, and its way back."""

from __future__ import annotations

import contextlib
import sys
import warnings
from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode

from benchbench.errors import CountError
from benchbench.frameworks import reset

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["countable", "recurrence_unfused"]

SHIELD = "__dynamo_disable"


@contextlib.contextmanager
def recurrence_unfused(model: nn.Module) -> Iterator[None]:
    """Recurrent layers run as products: oneDNN's fused one has none that could be seen."""
    recurrent = any(isinstance(module, nn.RNNBase) for module in model.modules())
    onednn = bool(torch.backends.mkldnn.enabled)
    # The setter itself: `mkldnn.flags` touches TF32 too, and warns.
    torch._C._set_mkldnn_enabled(onednn and not recurrent)  # noqa: SLF001
    try:
        yield
    finally:
        torch._C._set_mkldnn_enabled(onednn)  # noqa: SLF001 - as above


@contextlib.contextmanager
def countable(model: nn.Module) -> Iterator[None]:
    """Hold `model` so that all that runs in it can be counted, then give it back as it was.

    It is on the CPU (on CUDA batch norms and neurons dispatch operations that no counter knows), in
    eval mode (dropout scales spikes, so that they are none any more), freshly reset, and without
    autograd. Composite operations arrive whole in inference mode (else ``padding='same'`` would
    arrive as an input that is padded already). Fused kernels are off: the flash kernel, the
    attention fast path and oneDNN's recurrent layer have no formula in any counter, their plain
    forms have. What is compiled runs as it was written: a compiled kernel hides its products from
    whoever looks from outside. Random numbers start from the same seed, so that a Poisson encoder's
    spikes do.

    Args:
        model: Model on any one device; its parameters stay the same objects.

    Raises:
        CountError: A part of it is a program of its own, whose layers cannot be told apart.
    """
    _refuse_programs(model)
    training = {module: module.training for module in model.modules()}
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    fast_path = torch.backends.mha.get_fastpath_enabled()
    reset(model)
    try:
        # Parameters that want gradients and go through a module (weight norm's do) break PyTorch's
        # ModuleTracker where autograd is off.
        model.to("cpu").eval().requires_grad_(requires_grad=False)
        torch.backends.mha.set_fastpath_enabled(False)
        with (
            recurrence_unfused(model),
            _uncompiled(),
            torch.inference_mode(),
            sdpa_kernel(SDPBackend.MATH),
            torch.random.fork_rng(devices=[]),
            _as_written(),
        ):
            torch.default_generator.manual_seed(0)
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast_path)
        reset(model)
        model.to(device)
        for parameter in trained:
            parameter.requires_grad_()
        for module, flag in training.items():
            module.training = flag


@contextlib.contextmanager
def _uncompiled() -> Iterator[None]:
    """Keep torch's compiler out of a process that compiles nothing: it takes a second to import.

    torch shields every dispatch mode from its compiler, and imports that one for it. Where nothing
    has imported it yet, there is nothing to be shielded from. Should torch store the shield under
    another name one day, this costs that second again and nothing else.
    """
    bare = []
    if "torch._dynamo" not in sys.modules:
        kinds = [TorchDispatchMode]
        for kind in kinds:  # and theirs, as they are found
            kinds += kind.__subclasses__()
            own = getattr(vars(kind).get("__torch_dispatch__"), "__wrapped__", None)
            if own is not None and not hasattr(own, SHIELD):
                setattr(own, SHIELD, own)
                bare.append(own)
    try:
        yield
    finally:
        for own in bare:
            delattr(own, SHIELD)


def _refuse_programs(model: nn.Module) -> None:
    """A program runs none of the hooks of its layers, and its parameters cannot be held still.

    Raises:
        CountError: One was found; it is named, with what to give in its place.
    """
    for path, module in model.named_modules():
        place = repr(path or "(the model)")
        if isinstance(module, torch.jit.ScriptModule):
            raise CountError(
                f"layer {place} is TorchScript, whose layers no counter can look into: give the "
                "module that it was scripted or traced from"
            )
        # By its mark: it has no class of its own.
        if module.eval.__qualname__.startswith("ExportedProgram."):
            raise CountError(
                f"layer {place} is an exported program, which has no eval mode to be counted in: "
                "give the module that it was exported from"
            )


@contextlib.contextmanager
def _as_written() -> Iterator[None]:
    """Nothing that is compiled runs compiled; where nothing is, the compiler is not imported."""
    if "torch._dynamo" not in sys.modules:
        yield
        return
    with torch.compiler.set_stance("force_eager"), warnings.catch_warnings():
        # FlopCounterMode has such hooks, and enters the box and the module in it as two.
        warnings.filterwarnings("ignore", r"Using `torch\.compile\(module\)` when there are global")
        yield
