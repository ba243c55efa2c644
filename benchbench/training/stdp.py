"""STDP on the fully connected layers of a spiking network, in the matrix-product form.

Pu & Chen 2024, section 2.2 and Table 5: every ten epochs the convolutions are frozen and the
linear layers learn from the timing of their spikes. Eq. 8's exponential windows are kept as traces,
``tr <- tr - tr / tau + s``, and a pair of spikes changes the weight by

    dW = f_post(w) * sum(tr_pre s_post) - f_pre(w) * sum(tr_post s_pre)

over batch and time. SpikingJelly's ``STDPLearner`` computes the same by an [N, out, in] tensor a
time step (85 MB x N on the first layer); summed over batch and time first, it is two products of
matrices.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from benchbench.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from torch import Tensor

    from benchbench.suite.training import Stdp

__all__ = ["LayerLog", "fine_tune", "stdp_update"]


def stdp_update(
    pre: Tensor,
    post: Tensor,
    trace_tau: float,
    f_pre: Callable[[Tensor], Tensor] | None = None,
    f_post: Callable[[Tensor], Tensor] | None = None,
    weight: Tensor | None = None,
) -> Tensor:
    """The weight change of one linear layer, as ``learning.STDPLearner.step(on_grad=False)``.

    Args:
        pre: Input spikes [T, N, in].
        post: Output spikes [T, N, out].
        trace_tau: Time constant of both traces, time steps, at least 1.
        f_pre: Factor of the depression by the present weight; 1 where None.
        f_post: Factor of the potentiation by the present weight; 1 where None.
        weight: [out, in], for the two factors.

    Returns:
        [out, in], summed over batch and time.
    """
    traces_pre, traces_post = _traces(pre, trace_tau), _traces(post, trace_tau)
    potentiation = post.flatten(0, 1).T @ traces_pre.flatten(0, 1)
    depression = traces_post.flatten(0, 1).T @ pre.flatten(0, 1)
    if weight is not None:
        potentiation = potentiation * f_post(weight) if f_post else potentiation
        depression = depression * f_pre(weight) if f_pre else depression
    return potentiation - depression


def _traces(spikes: Tensor, tau: float) -> Tensor:
    """Every time step's trace, [T, N, features]."""
    traces = torch.empty_like(spikes)
    trace = torch.zeros_like(spikes[0])
    for t, now in enumerate(spikes):
        trace = trace - trace / tau + now
        traces[t] = trace
    return traces


@dataclass(frozen=True, slots=True)
class LayerLog:
    """What one fine-tune did to one linear layer.

    Attributes:
        name: Module path.
        spikes_in: Spikes at its input, over all images and time steps.
        spikes_out: Spikes of the neurons behind it.
        change: Norm of the weight change over the norm of the weights before.
    """

    name: str
    spikes_in: int
    spikes_out: int
    change: float


@torch.no_grad()
def fine_tune(model: nn.Module, batches: Iterable[Tensor], recipe: Stdp) -> list[LayerLog]:
    """Let the linear layers of a trained network learn from their spikes.

    The network runs with the recipe's neurons and time steps on a copy; only the ``weight`` of
    linear layers that are followed by a spiking neuron changes in `model`.

    Args:
        model: A network of SpikingJelly layers with an attribute ``T``.
        batches: Images [N, 1, H, W].
        recipe: Time steps, neurons, traces, rate.

    Returns:
        One entry a linear layer.

    Raises:
        ModelError: The network has no ``T`` or no linear layer before a spiking neuron.
    """
    twin = _twin(model, recipe)
    pairs = _pairs(twin)
    if not pairs or not hasattr(twin, "T"):
        raise ModelError(
            "the STDP fine-tune needs a network with an attribute T and linear layers that are "
            "followed by spiking neurons"
        )
    before = {name: linear.weight.clone() for name, linear, _ in pairs}
    spikes = {name: [0, 0] for name, _, _ in pairs}
    seen: dict[str, list[Tensor]] = {}

    def keep(name: str, index: int) -> Callable[..., None]:
        def hook(_: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            seen.setdefault(name, [torch.empty(0), torch.empty(0)])[index] = (
                inputs[0] if index == 0 else output
            )

        return hook

    for name, linear, node in pairs:
        linear.register_forward_hook(keep(name, 0))
        node.register_forward_hook(keep(name, 1))
    for images in batches:
        functional.reset_net(twin)
        twin(images)
        for name, linear, _ in pairs:
            pre, post = seen[name]  # [T, N, features]
            spikes[name][0] += int(pre.sum())
            spikes[name][1] += int(post.sum())
            step = stdp_update(pre, post, recipe.trace_tau)
            step *= recipe.learning_rate / len(images)
            linear.weight += step
    parameters, log = dict(model.named_parameters()), []
    for name, linear, _ in pairs:
        change = float((linear.weight - before[name]).norm() / before[name].norm())
        parameters[f"{name}.weight"].copy_(linear.weight)
        log.append(LayerLog(name, spikes[name][0], spikes[name][1], change))
    return log


def _twin(model: nn.Module, recipe: Stdp) -> Any:  # noqa: ANN401 - a module of any class
    """A copy in eval mode and step mode m, its LIF neurons and T as the recipe says."""
    functional.reset_net(model)
    twin = copy.deepcopy(model).eval()
    functional.set_step_mode(twin, "m")
    if hasattr(twin, "T"):
        twin.T = recipe.T  # type: ignore[assignment]  # an int, which torch's annotation lacks
    for node in twin.modules():
        if isinstance(node, neuron.LIFNode):
            node.tau, node.v_threshold = recipe.tau, recipe.v_threshold
            node.decay_input = recipe.decay_input
    return twin


def _pairs(model: nn.Module) -> list[tuple[str, Any, nn.Module]]:
    """Each linear layer with the spiking neuron behind it, in the order of definition."""
    out: list[tuple[str, Any, nn.Module]] = []
    waiting: tuple[str, nn.Module] | None = None
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            waiting = (name, module)
        elif isinstance(module, neuron.BaseNode) and waiting:
            out.append((*waiting, module))
            waiting = None
    return out
