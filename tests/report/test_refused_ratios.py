"""A ratio that there is not: its reason stands in the report, and nothing else is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchbench.codec import plain
from benchbench.metrics.registry import measured
from benchbench.report import markdown
from benchbench.report.page import page
from benchbench.results.aggregate import aggregated
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Claim, Measure, Row, Table

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.report.format import Grid
    from benchbench.results.schema import Results

ROUNDS = 3
NAME, NET = "infer_energy", "infer_energy_net"


def energy(joules: float, repeat: int, name: str = NAME, **fields: Any) -> Measurement:
    """The energy of one window of a sample a second at this energy, its sensor off by 1 W."""
    detail = {"repeat": repeat, "window_j": joules, "seconds": 1.0, "samples": 1, "sensor": "s"}
    return measured(
        name, joules, detail={**detail, "offset_w": fields.pop("offset_w", 0.0)}, **fields
    )


def run_of(*figures: dict[str, list[Measurement]], paper: bool = True) -> Results:
    """A run of the models ``a`` and ``b`` from its journal: what each round gave of either."""
    said = {"a": 1.0, "b": 2.0} if paper else {}
    rows = (
        Row(NAME, "Energy", said, tolerance_percent=10),
        Row(NET, "Net"),
        Row("infer_fps", "Speed"),
    )
    suite = Suite(
        1,
        "s",
        (Model("a", "m.py:a"), Model("b", "m.py:b")),
        settings=Settings(repeats=ROUNDS),
        tables=(Table("t", rows, ("a", "b")),),
        claims=(Claim("half of it", "r", "ambiguous", measure=Measure(NAME, "a", "b")),),
    )
    jobs = [
        {"kind": "job", "cell": model, "task": "time", "repeat": repeat, "status": "ok"}
        | {"reason": "", "facts": {}, "seconds": 1.0}
        | {"measurements": [plain(each[repeat]) for each in found.values()]}
        for model, found in zip("ab", figures, strict=True)
        for repeat in range(ROUNDS)
    ]
    header = {
        "kind": "run",
        "schema": 1,
        "benchbench": "0",
        "run": {"id": "x", "mode": "full", "command": ""},
        "fingerprint": {},
        "data": {"synthetic": False, "name": "d", "source": "d", "samples": 1, "digest": "0"}
        | {"warnings": []},
        "suite": plain(suite),
        "cells": [{"id": m, "model": m, "device": "cpu", "jobs": ROUNDS} for m in "ab"],
    }
    return aggregated([header, *jobs, {"kind": "end"}])


def side(
    joules: float, net: float = 0.1, fps: float = 10.0, **fields: Any
) -> dict[str, list[Measurement]]:
    """What every round gives of one model."""
    return {
        NAME: [energy(joules, i, **fields) for i in range(ROUNDS)],
        NET: [energy(net, i, NET) for i in range(ROUNDS)],
        "infer_fps": [measured("infer_fps", fps, detail={"repeat": i}) for i in range(ROUNDS)],
    }


def cells(grid: Grid, start: str) -> tuple[str, ...]:
    """The cells of the line whose first one starts so."""
    (line,) = [line for line in grid.lines if line.cells[0].startswith(start)]
    return line.cells


@pytest.mark.parametrize(
    ("joules", "why"), [(0.5, "throttled: heat"), (3.0, "frozen: package-1 stood still for 2.0 s")]
)
def test_two_invalid_energies_have_no_ratio_and_their_reason_stands_there(
    joules: float, why: str
) -> None:
    """1 : 2 in joules, as the paper has it: it is not measurable here, and no claim has it."""
    hot = {"valid": False, "reasons": (why,)}
    results = run_of(side(joules, **hot), side(2 * joules, **hot))
    found = page(results)
    table, audit = found.grids[0], found.grids[-1]
    *_, ratio, _, verdict = cells(table, "Energy")
    assert ratio.startswith("n/a [")
    assert verdict.startswith("not measurable here [")
    assert f"invalid in a: {why}" in found.notes
    claim = cells(audit, "half of it")[3]
    assert claim == f"n/a (infer_energy, a : b): invalid in b: {why}"
    assert cells(table, "Speed")[3] == "1 [1, 1]"


@pytest.mark.parametrize("net", [0.0, -0.25])
def test_net_energy_at_or_below_0_costs_its_own_ratio_alone(net: float) -> None:
    """That ratio is n/a with its reason, though no paper asks for it; the others are there."""
    results = run_of(side(0.5, net), side(1.0))
    found = page(results)
    table = found.grids[0]
    ratio = cells(table, "Net")[3]
    assert ratio.startswith("n/a [")
    note = found.notes[int(ratio.partition("[")[2].rstrip("]")) - 1]
    assert note == f"{net:g} in a: only positive figures have a ratio"
    assert cells(table, "Energy")[3] == "0.5 [0.5, 0.5]"
    assert "only positive figures" in markdown.render(results)


def test_an_offset_as_large_as_the_power_is_told_and_confirms_nothing() -> None:
    """0.5 J a second is 0.5 W: an offset of 1 W may be all of it, and 1 : 2 is no reproduction."""
    results = run_of(side(0.5, offset_w=1.0), side(1.0, offset_w=1.0))
    found = page(results)
    *_, ratio, _, verdict = cells(found.grids[0], "Energy")
    assert ratio.startswith("0.5 [")
    assert "," not in ratio  # a note, not an interval
    assert verdict.startswith("not measurable here [")
    assert "the sensor's offset of 1 W is as large as the power" in found.notes


def test_a_ratio_has_one_interval_wherever_it_stands() -> None:
    """4 W and 2 W, either off by 1 W: 5 / 3 to 3 / 1, in table, claim and verdict on energy."""
    results = run_of(side(4.0, offset_w=1.0), side(2.0, offset_w=1.0))
    found = page(results)
    places = [
        cells(found.grids[0], "Energy")[3],
        cells(found.grids[-1], "half of it")[3].partition(" (")[0],
        *(grid.lines[0].cells[2] for grid in found.grids if "metered" in grid.title),
    ]
    assert places == ["2 [1.67, 3]"] * 3
