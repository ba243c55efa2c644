"""What a gate and the revisions that it compares agree on: an order's JSON, and what is imported.

No other file knows either. Both sides run the candidate's agent; models, data, steps and probes are
each side's own, so that a base as old as the table below still works. The agent loads this file by
its path, beside the side's own package: it imports nothing but the standard library.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.data.reference import DataRef
    from benchbench.suite.schema import Model, Suite

__all__ = [
    "IMPORTS",
    "ORDER_VERSION",
    "check",
    "offered",
    "order_of",
    "taken",
    "workload_part",
]

ORDER_VERSION = 3  # 1 named a workload `cell`; 2 had the data of faces in the older form alone

IMPORTS = {
    "build": ("benchbench.zoo:build",),
    # A tree from before these knows SpikingJelly's neurons alone.
    "neurons": ("benchbench.frameworks.told:Neurons",),
    "find_neurons": ("benchbench.probes.counting.firing:find_neurons",),
    # A tree from before the last of these has the labels of FER+ as arguments of the first.
    "load_faces": ("benchbench.data:load",),
    "load_own": ("benchbench.data.loading:load_own",),
    "ferplus_of": ("benchbench.data.source:ferplus_of",),
    "batches_of": (
        "benchbench.data.batches:batches_of",
        "benchbench.backends.native:batches_of",
        "benchbench.steps:batches_of",
    ),
    "loss_of": (
        "benchbench.training.loss:loss_of",
        "benchbench.backends.native:loss_of",
        "benchbench.steps:loss_of",
    ),
    "training_step": (
        "benchbench.backends.native:training_step",
        "benchbench.steps:training_step",
    ),
    "inference_step": (
        "benchbench.backends.native:inference_step",
        "benchbench.steps:inference_step",
    ),
    "fingerprint": ("benchbench.fingerprint:fingerprint",),
    "size": ("benchbench.probes.size:measure",),
    "operations": ("benchbench.probes.operations:measure",),
    "spikes": ("benchbench.probes.spikes:measure",),
}
"""What is taken from a side's tree: where it is, the newest place first, as ``module:name``."""


def order_of(do: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever JSON holds
    """An order to an agent: ``hello``, ``open``, ``play`` or ``count``, with what it needs."""
    return {"version": ORDER_VERSION, "do": do, **more}


def check(order: Mapping[str, Any]) -> None:
    """Refuse an order that was written for another agent.

    Raises:
        ValueError: It has another version.
    """
    version = order.get("version")
    if version != ORDER_VERSION:
        raise ValueError(
            f"this agent expects orders of version {ORDER_VERSION}, and this one has "
            f"{'none' if version is None else f'version {version}'}: gate and agent must be of one "
            "installation"
        )


def workload_part(
    suite: Suite, model: Model, data: DataRef, folder: Path, device: str
) -> dict[str, Any]:
    """The part of an order that says which model is built, and how its step is made.

    Args:
        suite: Suite with the settings.
        model: Entry of the suite.
        data: Data that it works on.
        folder: Folder where a relative reference to the model starts.
        device: ``cpu`` or ``cuda:<index>``.
    """
    # The agent loads this file by its path, and makes no order.
    from benchbench.codec import plain  # noqa: PLC0415
    from benchbench.data.source import ferplus_of, kind_of  # noqa: PLC0415
    from benchbench.running.objective import objective_of  # noqa: PLC0415

    settings = suite.settings_of(model)
    plus = ferplus_of(data.source)
    images = {
        "source": plus.images if plus else data.source,
        "seed": settings.seed,
        "labels": plus.rule if plus else "fer2013",
        "ferplus": plus.votes or None if plus else None,
    }
    return {
        "model": model.reference,
        "set": dict(model.set),
        "folder": str(folder),
        "device": device,
        "num_classes": data.num_classes,
        "data": {**plain(data.what), "seed": settings.seed},
        "faces": images if kind_of(data.source) == "faces" else None,
        "output": model.output,
        "batch_size": settings.batch_size,
        "seed": settings.seed,
        "threads": settings.threads,
        "learning_rate": settings.learning_rate,
        "label_smoothing": settings.label_smoothing,
        "loss": model.loss,
        "task": objective_of(model, data.targets, data.misfit),
        "neurons": {
            "spiking": list(model.spiking),
            "reset": model.reset,
            "steps": model.steps,
        },
    }


def taken(name: str) -> Any:  # noqa: ANN401 - a function of the side's own
    """Import what the table has under a name, from the first of its places that exists.

    Raises:
        ImportError: None of them exists; or a module exists, and something that it imports does
            not.
    """
    for place in IMPORTS[name]:
        module, _, attribute = place.partition(":")
        if not _is_own(module):
            continue
        found = getattr(importlib.import_module(module), attribute, None)
        if callable(found):  # a module of that name is not the function
            return found
    *others, last = IMPORTS[name]
    either = f"{', '.join(others)} or {last}" if others else last
    raise ImportError(f"{name!r} is missing in this tree, which has no {either}")


def offered(name: str) -> bool:
    """Whether the side's tree has what the table has under a name."""
    return any(_is_own(place.partition(":")[0]) for place in IMPORTS[name])


def _is_own(module: str) -> bool:
    """Whether a module lies in the side's package, by its file.

    The import itself does not tell: an editable installation offers another tree's module in place
    of one that this tree's package does not have.
    """
    package, *parts = module.split(".")
    root = Path(str(importlib.import_module(package).__file__)).parent
    return any(
        root.joinpath(*parts[:-1], last).is_file()
        for last in (f"{parts[-1]}.py", f"{parts[-1]}/__init__.py")
    )
