"""Modelled energy by formulas from outside: each becomes a probe of its own."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from benchbench.errors import BenchbenchError
from benchbench.formulas.registry import formulas as from_outside
from benchbench.metrics.registry import Probe, derived
from benchbench.probes.energy_modelled import NEEDS, counted_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.formulas.registry import Formula
    from benchbench.metrics.measurement import Measurement

__all__ = ["probes_of_formulas"]


@derived
def probes_of_formulas() -> Iterator[tuple[Probe, str, str, str]]:
    """A probe for each formula; it is asked where spikes are counted, as ours are."""
    for formula in from_outside():
        ask = partial(_asked, formula)
        takes = ("batches", "figures", "formulas")
        made = Probe(formula.figure.name, (formula.figure,), NEEDS, takes, ask, foreign=True)
        yield made, "formula", formula.name, formula.joules.__module__


def _asked(
    formula: Formula,
    batches: object,  # noqa: ARG001 - it is there where spikes are counted
    figures: Mapping[str, Measurement],
    formulas: Mapping[str, Mapping[str, float]],
) -> list[Measurement]:
    counted = counted_of(figures)
    if counted is None:
        raise BenchbenchError("modelled energy needs the counts of operations and spikes")
    parameters = formula.values(formulas)
    joules = float(formula.joules(counted, **parameters))
    if not math.isfinite(joules) or joules <= 0:
        raise BenchbenchError(f"the formula gave {joules} J")
    steps = {} if "steps" in counted.unknown else {"T": counted.steps}
    detail = {**steps, "coverage": 1.0, "parameters": parameters}
    return [formula.figure(joules, detail=detail)]
