"""What a model's figures depend on in a run, beside the machine and the code of the model."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.codec import plain
from benchbench.display.text import shown
from benchbench.suite.settings import HOW_MEASURED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.comparing.loading import StoredRun
    from benchbench.results.schema import Results

__all__ = ["ALL_THE_SAME", "Differences", "apart", "conditions", "differing", "everything"]

ALL_THE_SAME = "--across-machines compares all the same"

# Of a model: what is only said of it, and what has a digest of its own.
SAID = {"id", "label", "note", "reconstructed", "matrix", "data"}
EXECUTED = ("precision", "backend", "memory format")  # facts: what ``auto`` came to
NOT_OF_FIGURES = {*HOW_MEASURED, "phases"}


def everything(found: Results, model: str) -> Iterator[tuple[str, Any]]:
    """All that a run says of a model, by a name for each."""
    yield from _ran(found, model)
    yield "mode", found.run["mode"]
    yield "suite: benchbench", found.suite.benchbench
    entry = found.suite.model(model)
    for name, value in plain(found.suite.settings_of(entry)).items():
        yield f"setting {name}", value
    for name, value in plain(entry).items():
        if name not in SAID and (name != "model" or not zoo.is_pickle(entry.reference)):
            yield f"model: {name}", value


def conditions(found: Results, model: str) -> dict[str, Any]:
    """What two runs must share for a model's figures to be set against each other.

    Its own settings (``set:``) are none of it: they are part of the model, as its code is.
    """
    settings = plain(found.suite.settings_of(found.suite.model(model)))
    given = {f"setting {name}": it for name, it in settings.items() if name not in NOT_OF_FIGURES}
    return {**{name: it for name, it in _ran(found, model) if it is not None}, **given}


def _ran(found: Results, model: str) -> Iterator[tuple[str, Any]]:
    cell = found.cell(model)
    if cell is not None:
        yield "device", cell.device
        yield "data", found.data_of(cell)["digest"][:12]
        for name in EXECUTED:
            yield f"ran with {name}", cell.facts.get(name)


@dataclass(frozen=True, slots=True)
class Differences:
    """What two runs do not share, so that figures that depend on it are not set against each other.

    Attributes:
        machines: Differences of the machines.
        models: Differences of the data, the device and the settings, by model.
    """

    machines: tuple[str, ...]
    models: Mapping[str, tuple[str, ...]]

    def why(self, model: str) -> str:
        """Why a model's figures are not compared; empty where they are."""
        if self.machines:
            return f"the machines differ ({self.machines[0]}): {ALL_THE_SAME}"
        own = self.models.get(model)
        return f"the two runs differ ({own[0]}): {ALL_THE_SAME}" if own else ""

    @property
    def told(self) -> tuple[str, ...]:
        """A line each; what all models have is said once."""
        every = [*self.models.values()]
        common = [text for text in (every[0] if every else ()) if all(text in it for it in every)]
        own = [
            f"{model}: {text}"
            for model, texts in self.models.items()
            for text in texts
            if text not in common
        ]
        return (*self.machines, *common, *own)


def differing(base: StoredRun, new: StoredRun) -> Differences:
    """What two runs do not share.

    Args:
        base: The older one.
        new: The newer one.
    """
    machines = (
        f"{key}: {base.fingerprint.get(key)} : {new.fingerprint.get(key)}"
        for key in dict.fromkeys((*base.fingerprint, *new.fingerprint))
        if base.fingerprint.get(key) != new.fingerprint.get(key)
    )
    models = {
        model: tuple(apart(*_shared(told, new.conditions[model])))
        for model, told in base.conditions.items()
        if model in new.conditions
    }
    return Differences(tuple(machines), models)


def _shared(*sides: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What both sides tell: a model that failed does not say how it ran."""
    both = sides[0].keys() & sides[1].keys()
    return [{name: it for name, it in side.items() if name in both} for side in sides]


def apart(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What differs between two sides, a line each."""
    return [
        f"{name}: {shown(before.get(name))} : {shown(now.get(name))}"
        for name in dict.fromkeys((*before, *now))
        if _text(before.get(name)) != _text(now.get(name))
    ]


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a result holds
    """One text for what is the same: a file has lists where Python has tuples."""
    return json.dumps(value, sort_keys=True, default=str)
