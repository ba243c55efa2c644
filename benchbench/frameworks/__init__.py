"""What a framework of spiking networks means by a neuron: found, reset, walked through time.

One file a framework. A framework is looked for among the modules that are loaded already and is
never imported for the sake of asking: a model that uses it has imported it.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache
from typing import TYPE_CHECKING

from benchbench.frameworks.base import FRAMEWORKS, Framework

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch
    from torch import nn

__all__ = [
    "Framework",
    "is_spiking",
    "neuron_facts",
    "reset",
    "resetter",
    "spiking_layers",
    "walks_time",
]


@cache
def _found() -> tuple[Framework, ...]:
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return tuple(FRAMEWORKS)


def _present() -> list[Framework]:
    return [framework for framework in _found() if framework.package in sys.modules]


def spiking_layers(model: nn.Module) -> dict[str, nn.Module]:
    """The model's spiking neurons by path; not those that integrate without firing."""
    found: dict[str, nn.Module] = {}
    for path, module in model.named_modules():
        inside = any(path.startswith(f"{outer}.") for outer in found)
        if not inside and any(framework.is_neuron(module) for framework in _present()):
            found[path] = module
    return found


def is_spiking(model: nn.Module) -> bool:
    """Whether the model has spiking neurons."""
    return bool(spiking_layers(model))


def reset(model: nn.Module) -> None:
    """Put neurons and dropout masks back to their start, where there are any."""
    resetter(model)()


def resetter(model: nn.Module) -> Callable[[], None]:
    """What has to run before each sample: nothing at all for a network without memory."""
    holders = [framework for framework in _present() if framework.holds_state(model)]

    def run() -> None:
        for framework in holders:
            framework.reset(model)

    return run


def walks_time(module: nn.Module) -> bool:
    """Whether one call of the module takes all time steps, [T, N, ...]."""
    return any(framework.walks_time(module) for framework in _present())


def neuron_facts(model: nn.Module, device: torch.device) -> dict[str, str]:
    """Which neurons the model has, in which step mode, and which implementation really runs."""
    facts: dict[str, str] = {}
    for framework in _present():
        facts |= framework.neuron_facts(model, device)
    return facts
