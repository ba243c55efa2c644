"""What a framework of spiking networks means by a neuron: found, reset, walked through time.

One file a framework. A framework is looked for among the modules that are loaded already and is
never imported for the sake of asking: a model that uses it has imported it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache
from typing import TYPE_CHECKING, TypeVar

from benchbench import extensions
from benchbench.frameworks.base import FRAMEWORKS, Framework

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

T = TypeVar("T")

__all__ = [
    "Framework",
    "is_spiking",
    "known",
    "neuron_facts",
    "reset",
    "resetter",
    "spiking_layers",
    "walks_time",
]


def _present() -> list[Framework]:
    """The frameworks that this process has loaded, whoever they are from."""
    _walk()
    extensions.load_installed("framework")
    return [it for it in FRAMEWORKS if it.package in sys.modules]


def known() -> list[str]:
    """The packages of all frameworks that are known, whether they are loaded or not."""
    _present()
    return sorted(it.package for it in FRAMEWORKS)


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
    return any(
        _asked(framework, lambda it: it.is_neuron(module), otherwise=False)
        for framework in _present()
    )


def is_spiking(model: nn.Module) -> bool:
    """Whether the model has spiking neurons."""
    return bool(spiking_layers(model))


def reset(model: nn.Module) -> None:
    """Put neurons and dropout masks back to their start, where there are any."""
    resetter(model)()


def resetter(model: nn.Module) -> Callable[[], None]:
    """What has to run before each sample: nothing at all for a network without memory."""
    holders = [
        framework
        for framework in _present()
        if _asked(framework, lambda it: it.holds_state(model), otherwise=False)
    ]

    def run() -> None:
        for framework in holders:
            _asked(framework, lambda it: it.reset(model), otherwise=None)

    return run


def walks_time(module: nn.Module) -> bool:
    """Whether one call of the module takes all time steps, [T, N, ...]."""
    return any(
        _asked(framework, lambda it: it.walks_time(module), otherwise=False)
        for framework in _present()
    )


def neuron_facts(model: nn.Module, device: torch.device) -> dict[str, str]:
    """Which neurons the model has, in which step mode, and which implementation really runs."""
    facts: dict[str, str] = {}
    for framework in _present():
        nothing: dict[str, str] = {}
        facts |= _asked(framework, lambda it: it.neuron_facts(model, device), otherwise=nothing)
    return facts | {f"framework {package}": f"failed: {why}" for package, why in _failed.items()}
