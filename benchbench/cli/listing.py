"""What ``benchbench list`` shows, as plain rows. Imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench import zoo
from benchbench.errors import ModelError
from benchbench.metrics.registry import METRICS
from benchbench.metrics.registry import probes as all_probes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["models", "probes", "suites"]


def models(pattern: str, folder: Path | None) -> list[dict[str, Any]]:
    """The zoo's models whose names match a shell wildcard.

    Raises:
        ModelError: None matches.
    """
    found = zoo.scan(zoo.bundled_folder()) | (zoo.scan(folder) if folder else {})
    names = zoo.matching(pattern, found)
    if not names:
        raise ModelError(f"no model matches {pattern!r}; the zoo has {', '.join(found)}")
    return [
        {
            "model": name,
            "what": found[name].summary,
            "settings": ", ".join(f"{item.name}={item.default}" for item in found[name].parameters),
        }
        for name in names
    ]


def suites() -> list[dict[str, Any]]:
    """The bundled suites."""
    from benchbench.suite import loader  # noqa: PLC0415 - the other lists need no YAML

    rows = []
    for name, file in loader.bundled_suites().items():
        suite, _ = loader.load(str(file))
        rows.append(
            {
                "suite": name,
                "title": suite.title,
                "models": ", ".join(model.id for model in suite.models),
            }
        )
    return rows


def probes() -> list[dict[str, Any]]:
    """Every figure, by probe."""
    asked_by = {item.name: found.name for found in all_probes().values() for item in found.gives}
    return [
        {
            "name": metric.name,
            "probe": asked_by[name],
            "unit": metric.unit,
            "method": metric.method,
            "definition": metric.says,
        }
        for name, metric in METRICS.items()
    ]
