"""Network Slimming: sparse scales of batch norms, then channels of small scale cut away.

Liu et al. 2017 (arXiv:1708.06519): the L1 norm of every batch norm's scale (gamma) is added to the
loss; after training, channels whose gamma is small over the whole network are removed, and the rest
is fine-tuned. The cutting is torch-pruning's, which follows channels through shortcuts, depthwise
convolutions and flattened inputs of linear layers.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from spikingjelly.activation_based import base, functional
from torch import nn

from benchbench.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from benchbench.suite.training import Slim

__all__ = ["add_l1_subgradient", "gammas", "prune", "reshape"]

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
BISECTIONS = 12  # the rate to 1 / 4096
LEAST_LEFT = 1 / 16  # ours: of each layer's channels; with fewer nothing comes through


def _scales(model: nn.Module) -> list[nn.Parameter]:
    return [m.weight for m in model.modules() if isinstance(m, NORMS) and m.affine]


def gammas(model: nn.Module) -> Tensor:
    """Absolute scales of every batch norm, one vector."""
    found = [scale.detach().abs() for scale in _scales(model)]
    return torch.cat(found).cpu() if found else torch.empty(0)


def add_l1_subgradient(model: nn.Module, strength: float) -> None:
    """Add the gradient of ``strength * sum |gamma|``, after ``backward``."""
    for scale in _scales(model):
        if scale.grad is not None:
            scale.grad.add_(scale.detach().sign(), alpha=strength)


def prune(model: nn.Module, example: Tensor, recipe: Slim) -> tuple[nn.Module, float]:
    """Cut channels away until a target is reached.

    Args:
        model: Trained with `add_l1_subgradient`; left as it is.
        example: One input [1, C, H, W].
        recipe: Whose ``ratio`` (share of channels), or ``params`` (as few as that), or ``macs``.

    Returns:
        The smaller model, with the weights that are left, and the share of channels that was cut.

    Raises:
        ModelError: It has no batch norm, or the target is out of reach.
    """
    if not len(gammas(model)):
        raise ModelError("slimming needs batch norms with scales, and this model has none")
    if recipe.ratio is not None:
        if recipe.ratio > 1 - LEAST_LEFT:
            raise ModelError(f"ratio {recipe.ratio:g}: {LEAST_LEFT:.4g} of each layer must be left")
        return _cut(model, example, recipe.ratio), recipe.ratio
    size, target = _measure_of(recipe, example)
    if size(model) <= target:
        raise ModelError(f"the model has {size(model):,}, no more than the target {target:,}")
    low, high = 0.0, 1.0 - LEAST_LEFT
    best: tuple[nn.Module, float] | None = None
    for _ in range(BISECTIONS):  # the smallest rate that reaches the target
        rate = (low + high) / 2
        smaller = _cut(model, example, rate)
        if size(smaller) <= target:
            best, high = (smaller, rate), rate
        else:
            low = rate
    if best is None:
        raise ModelError(f"no pruning rate brings the model to {target:,}")
    return best


def _measure_of(recipe: Slim, example: Tensor) -> tuple[Callable[[nn.Module], int], int]:
    from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415 - only for this target

    def params(model: nn.Module) -> int:
        return sum(parameter.numel() for parameter in model.parameters())

    def macs(model: nn.Module) -> int:
        twin = copy.deepcopy(model).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            twin(example)
        return int(counter.get_total_flops()) // 2

    if recipe.params is not None:
        return params, recipe.params
    if recipe.macs is not None:
        return macs, recipe.macs
    raise ModelError("slimming needs a target: ratio, params or macs")


def _cut(model: nn.Module, example: Tensor, rate: float) -> nn.Module:
    """A copy without the share `rate` of channels whose gamma is smallest."""
    import torch_pruning as tp  # noqa: PLC0415 - only to prune, never to load

    if isinstance(model, base.StepModule) or hasattr(model, "T"):
        functional.reset_net(model)
    twin: Any = copy.deepcopy(model).cpu().eval()
    if hasattr(twin, "T"):  # one time step: [N, C, H, W] all the way through
        twin.T = 1
        functional.set_step_mode(twin, "s")
    linears = [module for module in twin.modules() if isinstance(module, nn.Linear)]
    pruner = tp.pruner.BNScalePruner(
        twin,
        example.cpu(),
        importance=_importance(),
        global_pruning=True,
        pruning_ratio=rate,
        max_pruning_ratio=1.0,  # less would keep the last convolution whole
        ignored_layers=linears[-1:],
    )
    pruner.step()
    state = {name: tensor.clone() for name, tensor in twin.state_dict().items()}
    smaller = copy.deepcopy(model).cpu()
    reshape(smaller, state)
    smaller.load_state_dict(state)
    return smaller


def _importance() -> Any:  # noqa: ANN401 - torch-pruning has no types
    """The scales, with the largest few of each layer beyond any threshold.

    Without that, torch-pruning leaves a layer whole whose channels are all below the threshold.
    """
    import torch_pruning as tp  # noqa: PLC0415 - only to prune

    # The default normaliser compares within layers: that is not slimming's global threshold.
    scales = tp.importance.BNScaleImportance(normalizer=None)

    def importance(*arguments: Any, **named: Any) -> Tensor | None:  # noqa: ANN401
        found: Tensor | None = scales(*arguments, **named)
        if found is not None and len(found):
            keep = max(1, round(LEAST_LEFT * len(found)))
            found = found.clone()
            found[torch.topk(found, keep).indices] = torch.inf
        return found

    return importance


def reshape(model: nn.Module, state: dict[str, Tensor]) -> None:
    """Give a model's layers the sizes of a ``state_dict`` of the same architecture.

    This is how a pruned model is stored: the zoo's architecture, and weights that say how wide
    each layer is. Neither torch-pruning nor pickle is needed to load it.

    Args:
        model: Convolutions, batch norms and linear layers are resized in place.
        state: State with ``<path>.weight`` of each of them.

    Raises:
        ModelError: A layer's weights are missing, or of another kind of layer.
    """
    for path, module in model.named_modules():
        if not isinstance(module, (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, *NORMS)):
            continue
        if module.weight is None:
            continue
        weight = state.get(f"{path}.weight")
        if weight is None:
            raise ModelError(f"the checkpoint has no weights of {path!r}")
        if weight.dim() != module.weight.dim():
            raise ModelError(f"the checkpoint's {path!r} is another kind of layer")
        if weight.shape == module.weight.shape:
            continue
        _resize(module, weight)


def _resize(module: Any, weight: Tensor) -> None:  # noqa: ANN401 - one of several layers
    if isinstance(module, NORMS):
        module.num_features = len(weight)
        module.running_mean = torch.zeros(len(weight))
        module.running_var = torch.ones(len(weight))
    elif isinstance(module, nn.Linear):
        module.out_features, module.in_features = weight.shape
    else:
        depthwise = module.groups == module.in_channels == module.out_channels
        module.out_channels = len(weight)
        if depthwise:
            module.groups = len(weight)
        module.in_channels = weight.shape[1] * module.groups
    module.weight = nn.Parameter(torch.empty_like(weight))
    if module.bias is not None:
        module.bias = nn.Parameter(torch.empty(len(weight)))
