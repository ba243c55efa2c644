"""SpikingJelly's neurons as compiled loops over all time steps, with a max-pool that follows."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor, nn

from benchbench.backends.dynamics import Dynamics
from benchbench.backends.multi_step import multi_step, multi_step_pooled
from benchbench.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Replaced", "fused_forwards", "unexpanded"]

CHARGES = {"IFNode": "if", "LIFNode": "lif", "ParametricLIFNode": "plif"}
NEURONS = "spikingjelly.activation_based.neuron."


class Replaced(NamedTuple):
    """What was found in a model.

    Attributes:
        forwards: New forward functions, by the module that they are for.
        observed: Module whose output are the spikes, by the path of each neuron: the pool where
            that is part of it.
        left: Why a neuron stays as it is, by its path.
        pools: How many max-pools are part of their neuron.
    """

    forwards: dict[nn.Module, Callable[..., Any]]
    observed: dict[str, nn.Module]
    left: dict[str, str]
    pools: int


def fused_forwards(model: nn.Module, neurons: dict[str, nn.Module]) -> Replaced:
    """The compiled functions that take the place of a model's neurons.

    Args:
        model: The model.
        neurons: Its spiking neurons by path.
    """
    pools = _pools_after(model)
    found = Replaced({}, {}, {}, 0)
    taken = 0
    for path, neuron in neurons.items():
        dynamics = _dynamics_of(neuron)
        if isinstance(dynamics, str):
            found.left[path] = dynamics
            continue
        pool = pools.get(neuron) if dynamics.spiking else None
        found.forwards[neuron] = _Fused(neuron, dynamics, pooled=pool is not None)
        found.observed[path] = pool or neuron
        if pool is not None:
            found.forwards[pool] = _as_it_is
            taken += 1
    return found._replace(pools=taken)


def _dynamics_of(neuron: Any) -> Dynamics | str:  # noqa: ANN401 - a module of SpikingJelly's
    """The equations of a neuron, or why it is none of those that are known."""
    kind = type(neuron)
    if not kind.__module__.startswith(NEURONS) or kind.__name__ not in CHARGES:
        return f"{kind.__name__} is none of {', '.join(CHARGES)} of SpikingJelly"
    if neuron.step_mode != "m":
        return "step mode s takes one time step a call: set step mode m"
    if neuron.store_v_seq:
        return "it keeps its potentials (store_v_seq)"
    surrogate = neuron.surrogate_function
    parameters: Any = getattr(surrogate, "_sg_params", None)
    slope = getattr(type(surrogate), "backward", None)
    plain = isinstance(parameters, dict) and all(
        isinstance(value, int | float) for value in parameters.values()
    )
    if slope is None or not plain:
        return f"the surrogate function {type(surrogate).__name__} has no gradient of its own"
    charge: Any = CHARGES[kind.__name__]
    return Dynamics(
        charge,
        float(neuron.v_threshold),
        None if neuron.v_reset is None else float(neuron.v_reset),
        float(getattr(neuron, "tau", 1.0)),
        bool(getattr(neuron, "decay_input", True)),
        bool(neuron.detach_reset),
        type(surrogate),
        tuple(parameters.items()),
        spiking=bool(surrogate.spiking),
    )


def _pools_after(model: nn.Module) -> dict[nn.Module, nn.Module]:
    """By neuron: the max-pool of 2x2 that alone takes its spikes, in an ``nn.Sequential``."""
    places: dict[int, int] = {}
    for _, module in model.named_modules(remove_duplicate=False):
        places[id(module)] = places.get(id(module), 0) + 1
    found: dict[nn.Module, nn.Module] = {}
    for outer in model.modules():
        if type(outer) is not nn.Sequential:
            continue
        inside = [*outer]
        found |= {
            neuron: pool
            for neuron, pool in itertools.pairwise(inside)
            if places[id(neuron)] == places[id(pool)] == 1 and _is_pool(pool)
        }
    return found


def _is_pool(module: Any) -> bool:  # noqa: ANN401 - any module
    kind = type(module)
    if kind.__name__ != "MaxPool2d" or not kind.__module__.startswith("spikingjelly."):
        return False
    pair = {2, (2, 2)}
    return bool(
        module.step_mode == "m"
        and _hashable(module.kernel_size) in pair
        and _hashable(module.stride) in pair
        and _hashable(module.padding) in {0, (0, 0)}
        and _hashable(module.dilation) in {1, (1, 1)}
        and not module.ceil_mode
        and not module.return_indices
        and not (module._forward_hooks or module._forward_pre_hooks)  # noqa: SLF001 - torch has no other way to ask
    )


def _hashable(value: Any) -> Any:  # noqa: ANN401 - a number or a pair
    return tuple(value) if isinstance(value, list) else value


def _as_it_is(x: Tensor) -> Tensor:
    """The forward function of a pool that is part of its neuron."""
    return x


class _Fused:
    """The forward function of one neuron."""

    def __init__(self, neuron: Any, dynamics: Dynamics, *, pooled: bool) -> None:  # noqa: ANN401 - SpikingJelly's
        self._neuron, self._dynamics, self._pooled = neuron, dynamics, pooled

    def __call__(self, x: Tensor) -> Tensor:
        """Spikes of inputs [T, N, ...], from rest.

        Raises:
            ModelError: The neuron has run since it was reset: its potentials are not kept.
        """
        neuron, dynamics = self._neuron, self._dynamics
        if not isinstance(neuron.v, float):
            raise ModelError(
                "backend: fused starts each batch from rest, and a neuron ran twice without a "
                "reset between: use backend: native"
            )
        neuron.v = None  # until it is reset
        q = neuron.w.sigmoid() if dynamics.charge == "plif" else None
        one = unexpanded(x)
        if self._pooled:
            return _pooled(one, len(x), dynamics, q)
        return _plain(one, x.shape, dynamics, q)


def unexpanded(x: Tensor) -> Tensor:
    """Inputs [T, N, ...]; without T where they are one input for all time steps.

    Of an input that was expanded over time it is the tensor itself: a gradient then need not be
    expanded, and added up again. The latter is slow at one time step as well, where nothing is to
    be added: it loses channels-last, without which a batch norm takes ten times as long backwards.
    """
    if len(x) > 1 and x.stride(0) != 0:
        return x
    base = x._base  # noqa: SLF001 - torch's name for what a view is a view of
    if (
        base is not None
        and base.shape == x.shape[1:]
        and base.stride() == x.stride()[1:]
        and base.data_ptr() == x.data_ptr()
    ):
        return base
    return x[0] if len(x) > 1 else x


def _plain(one: Tensor, shape: Any, dynamics: Dynamics, q: Tensor | None) -> Tensor:  # noqa: ANN401 - a shape
    """Spikes [T, N, ...] in the memory format of the inputs."""
    steps, constant = shape[0], one.dim() < len(shape)
    last = one.dim() > 3 and not one.is_contiguous() and one.movedim(-3, -1).is_contiguous()
    frames = one.movedim(-3, -1) if last else one.contiguous()
    flat = frames.reshape(-1) if constant else frames.reshape(steps, -1)
    spikes = multi_step(flat, steps, dynamics, q)
    spikes = spikes.view(steps, *frames.shape[0 if constant else 1 :])
    return spikes.movedim(-1, -3) if last else spikes


def _pooled(one: Tensor, steps: int, dynamics: Dynamics, q: Tensor | None) -> Tensor:
    """Pooled spikes [T, N, C, H/2, W/2], channels last in memory."""
    last = one.movedim(-3, -1)  # [(T,) N, H, W, C]
    height, width = last.shape[-3] // 2, last.shape[-2] // 2
    even = last[..., : 2 * height, : 2 * width, :]
    windows = even.reshape(*last.shape[:-3], height, 2, width, 2, last.shape[-1]).contiguous()
    return multi_step_pooled(windows, steps, dynamics, q).movedim(-1, -3)
