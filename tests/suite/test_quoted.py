"""Published figures beside a run: each with its source, marked, and compared with nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.errors import SuiteError
from benchbench.report.quoted import quoted
from benchbench.results.schema import Results
from benchbench.suite import loader

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.report.format import Grid


def grid_of(folder: Path, asked: str) -> Grid:
    """The table of a suite that asks for these."""
    file = folder / "s.yaml"
    file.write_text(
        f"benchbench: 1\nname: s\nquoted: {asked}\nmodels: [{{id: a, model: shallow_cnn}}]\n"
    )
    suite, _ = loader.load(str(file))
    run: dict[str, Any] = {"id": "x", "mode": "full", "command": "", "complete": True}
    (grid,) = quoted(Results(run, {}, {"synthetic": False}, suite, (), (), "0"))
    return grid


def test_hardware_says_what_was_inside_and_how_it_was_got(tmp_path: Path) -> None:
    """A chip is told from a board, a simulation from a measurement, and hearsay is marked."""
    grid = grid_of(tmp_path, "[hardware]")
    rows = {line.cells[0].partition(",")[0]: line.cells for line in grid.lines}
    assert rows["Xylo Audio 2"][2:5] == ("28 µJ", "chip", "metered")
    assert rows["Arduino"][2:4] == ("934 µJ", "board")
    assert rows["Loihi 1"][4] == "simulated"
    assert all(cells[5].endswith("second-hand") for cells in rows.values())
    assert "not measured in this run" in grid.title


def test_claimed_gains_stand_beside_what_simulators_made_of_them(tmp_path: Path) -> None:
    """Of six methods the claim, SATA's and SpikeSim's; no simulated one reaches its claim."""
    grid = grid_of(tmp_path, "[claimed_gains]")
    assert len(grid.lines) == 18
    gains: dict[str, list[float]] = {}
    for line in grid.lines:
        gains.setdefault(line.cells[0], []).append(float(line.cells[2].split()[0]))
    assert gains["TDBN"] == [83, 6.8, 25]
    for claimed, *simulated in gains.values():
        assert max(simulated) < claimed


def test_a_result_of_neurobench_is_a_quoted_row_a_figure(tmp_path: Path) -> None:
    """Nested metrics are flat, a footprint has bytes."""
    (tmp_path / "net.json").write_text(
        json.dumps({"Footprint": 12, "SynapticOperations": {"Dense": 4.5, "Effective_ACs": 1.0}})
    )
    grid = grid_of(tmp_path, "[net.json]")
    found = {line.cells[1]: line.cells[2] for line in grid.lines}
    assert found == {
        "NeuroBench, Footprint": "12 B",
        "NeuroBench, SynapticOperations Dense": "4.5",
        "NeuroBench, SynapticOperations Effective_ACs": "1",
    }


@pytest.mark.parametrize(
    ("asked", "content", "why"),
    [
        ("[nothing]", "", "expected hardware, claimed_gains or a result of NeuroBench"),
        ("[none.json]", "", "No such file"),
        ("[bad.json]", "[1]", "no result of NeuroBench"),
        ("[bad.json]", '{"a": "b"}', "no number"),
        ("[bad.json]", "{", "Expecting"),
    ],
)
def test_what_cannot_be_quoted_is_a_fault_with_its_line(
    tmp_path: Path, asked: str, content: str, why: str
) -> None:
    """Named in the suite, found before anything runs."""
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(SuiteError) as raised:
        grid_of(tmp_path, asked)
    assert why in str(raised.value)
    assert "s.yaml:3" in str(raised.value)
