"""Figures of a stored run whose extension is not installed here: the run says what they mean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchbench.codec import restored
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import METRICS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["absent"]

NO_LONGER = {"modelled_quantised_twin"}  # its weights had few bits too; see `modelled_few_bit_twin`


def absent(run: Mapping[str, Any], figures: Iterable[Mapping[str, Any]]) -> list[Figure]:
    """The declarations that are not here: as the run keeps them, or as little as a figure tells.

    Args:
        run: The run's own part of a result or journal.
        figures: Every figure that it has, as JSON.
    """
    kept: dict[str, Figure] = {}
    for item in run.get("figures", ()):
        try:
            figure = restored(Figure, item)
        except ValueError:
            continue  # of a newer version: the figure itself is still shown
        kept[figure.name] = figure
    found = {}
    for item in figures:
        name = str(item["name"])
        if name in METRICS or name in found or name in NO_LONGER:
            continue
        bare = Figure(
            name,
            name,
            item["unit"],
            item["method"],
            "declared by an extension that is not installed here",
            rests_on="machine",  # nothing is claimed of it beyond its own run
        )
        found[name] = kept.get(name, bare)
    return [*found.values()]
