"""What a framework of spiking networks means by a neuron: found, reset, walked through time.

One file a framework. A framework is looked for among the modules that are loaded already and is
never imported for the sake of asking: a model that uses it has imported it.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from benchbench import extensions
from benchbench.errors import ModelError
from benchbench.frameworks.base import FRAMEWORKS, Framework, first_tensor
from benchbench.frameworks.told import Neurons, found_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import Tensor, nn

T = TypeVar("T")

__all__ = [
    "Framework",
    "Neurons",
    "encoders",
    "is_spiking",
    "known",
    "neuron_facts",
    "reset",
    "resetter",
    "spikes_of",
    "spiking_layers",
    "states_of",
    "steps_of",
]


def _present() -> list[Framework]:
    """The frameworks that this process has loaded, whoever they are from."""
    _walk()
    extensions.load_installed("framework")
    return [it for it in FRAMEWORKS if it.package in sys.modules]


def known() -> dict[str, str]:
    """What each framework says of itself, by its package, whether it is loaded or not."""
    _present()
    says = {it.package: (inspect.getdoc(type(it)) or "").partition("\n")[0] for it in FRAMEWORKS}
    return dict(sorted(says.items()))


@cache
def _walk() -> None:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")


_failed: dict[str, str] = {}  # why, by the package of a framework from outside


def _asked(framework: Framework, question: Callable[[Framework], T], otherwise: T) -> T:
    """What a framework answers; one from outside that raises costs itself alone, and is told."""
    if extensions.origin(type(framework).__module__) == "benchbench":
        return question(framework)
    try:
        return question(framework)
    except Exception as error:  # noqa: BLE001 - another's code may raise whatever it likes
        _failed[framework.package] = extensions.why(error)
        return otherwise


def spiking_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The model's spiking neurons by path; not those that integrate without firing."""
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        inside = any(path.startswith(f"{outer}.") for outer in found)
        if not inside and _fires(module):
            found[path] = module
    return found


def _fires(module: nn.Module) -> bool:
    return _framework_of(module) is not None


def _framework_of(module: nn.Module) -> Framework | None:
    """The framework that the module is a neuron of; None where it is none."""
    for framework in _present():
        if _asked(framework, lambda it: it.is_neuron(module), otherwise=False):
            return framework
    return None


def encoders(model: nn.Module) -> dict[str, nn.Module]:
    """The model's encoders by path: layers of a framework that make spikes of the inputs."""
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        inside = any(not outer or path.startswith(f"{outer}.") for outer in found)
        if not inside and _encodes(module):
            found[path] = module
    return found


def _encodes(module: nn.Module) -> bool:
    return any(
        _asked(framework, lambda it: it.is_encoder(module), otherwise=False)
        for framework in _present()
    )


def is_spiking(model: nn.Module) -> bool:
    """Whether the model has spiking neurons."""
    return bool(spiking_layers(model))


def reset(model: nn.Module) -> None:
    """Put neurons and dropout masks back to their start, where there are any."""
    _resetter(model)()


def resetter(model: nn.Module) -> Callable[[], None]:
    """What has to run before each batch: nothing at all for a network without memory.

    Raises:
        ModelError: The model was found to keep a state that nothing resets: a step of it would
            depend on the batches before.
    """
    if why := found_of(model).stateful:
        raise ModelError(why)
    return _resetter(model)


def _resetter(model: nn.Module) -> Callable[[], None]:
    holders = [
        framework
        for framework in _present()
        if _asked(framework, lambda it: it.holds_state(model), otherwise=False)
    ]

    def run() -> None:
        for framework in holders:
            _asked(framework, lambda it: it.reset(model), otherwise=None)

    return run


def states_of(model: nn.Module) -> set[str]:
    """Paths of the buffers that hold what the last batch left in neurons, of its very size."""
    modules = model.named_modules()
    return {f"{path}.{name}".lstrip(".") for path, it in modules for name in _states_of(it)}


def _states_of(module: nn.Module) -> list[str]:
    nothing: tuple[str, ...] = ()
    return [
        name
        for framework in _present()
        for name in _asked(framework, lambda it: it.states_of(module), otherwise=nothing)
    ]


def spikes_of(module: nn.Module, outputs: object) -> Tensor | None:
    """The spikes among what one call of a neuron gives back; of any other module its first tensor.

    Args:
        module: A neuron, or another module.
        outputs: What it gave back: a tensor, or spikes and states in a tuple.
    """
    if (framework := _framework_of(module)) is None:
        return first_tensor(outputs)
    nothing: Tensor | None = None
    return _asked(framework, lambda it: it.spikes_of(module, outputs), otherwise=nothing)


def steps_of(module: nn.Module, spikes: Tensor) -> int:
    """How many time steps one call of a module was: 1 where it is no neuron.

    Args:
        module: A neuron, or another module.
        spikes: What `spikes_of` found of the call.
    """
    if (framework := _framework_of(module)) is None:
        return 1
    return _asked(framework, lambda it: it.steps_of(module, spikes), otherwise=1)


def neuron_facts(model: nn.Module, device: torch.device) -> dict[str, str]:
    """Which neurons the model has, in which step mode, and which implementation really runs."""
    facts: dict[str, str] = {}
    for framework in _present():
        nothing: dict[str, str] = {}
        facts |= _asked(framework, lambda it: it.neuron_facts(model, device), otherwise=nothing)
    return facts | {f"framework {package}": f"failed: {why}" for package, why in _failed.items()}
