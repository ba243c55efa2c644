"""What the committed report of the conv-SNN's energy says: every source, and none as the truth."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchbench.formulas.registry import own
from benchbench.formulas.thresholds import PUBLISHED
from benchbench.report.modelled import modelled, thresholds
from benchbench.results.stored import load

REPORTS = sorted((Path(__file__).parents[2] / "reports" / "reference" / "energy_snn").iterdir())
SNN = "Conv-SNN (T=4)"


@pytest.mark.parametrize("folder", REPORTS, ids=lambda folder: folder.name)
def test_every_formula_has_a_line_with_its_winner_and_one_line_has_the_spread(folder: Path) -> None:
    """All formulas that are offered, on-demand ones as well."""
    (grid,) = modelled(load(folder))
    assert "modelled, not measured" in grid.title
    *lines, last = grid.lines
    assert len(lines) == len(own())
    at = grid.header.index("least")
    winners = {line.cells[0]: line.cells[at] for line in lines}
    # Each wins somewhere, and between some it is not resolved.
    assert {*winners.values()} == {SNN, "ReLU twin", "not resolved", ""}
    alone = {name for name, who in winners.items() if not who}  # the twin has no spikes to ask for
    assert all(name.startswith(("movement", "SpikeSim")) for name in alone)
    assert last.cells[0] == "largest over smallest"
    for cell in last.cells[1:4]:
        assert re.match(r"[\d.,]+ x \(", cell), cell


@pytest.mark.parametrize("folder", REPORTS, ids=lambda folder: folder.name)
def test_every_threshold_has_a_line_with_a_verdict(folder: Path) -> None:
    """The published ones with source and conditions, and the density that each formula asks for."""
    (grid,) = thresholds(load(folder))
    verdicts = {
        line.cells[5]: line.cells[grid.header.index("verdict")]
        for line in grid.lines
        if line.cells[4] == "published"
    }
    assert len(verdicts) == len({it.source for it in PUBLISHED})
    assert all(re.match(r"(below|above|between|not resolved)", it) for it in verdicts.values())
    assert any(line.cells[4] != "published" for line in grid.lines)


@pytest.mark.parametrize("folder", REPORTS, ids=lambda folder: folder.name)
def test_no_line_calls_a_formula_the_truth(folder: Path) -> None:
    """Nor the right one or the real one; and the networks were trained, on faces of people."""
    text = (folder / "report.md").read_text("utf-8")
    for line in text.lower().splitlines():
        assert not re.search(r"\b(is|are) the (truth|true|right|real|correct)\b", line), line
    results = load(folder)
    assert "weights" not in results.cell("cnn3").facts
    assert "of models whose line here names no weights after 30 training steps" in text
    for model in ("conv_snn", "shallow_cnn"):
        assert "best of" in results.cell(model).facts["weights"]
        assert "starts with" not in str(results.cell(model).facts)
    assert not results.data["synthetic"]


@pytest.mark.parametrize("folder", REPORTS, ids=lambda folder: folder.name)
def test_what_rests_on_spikes_has_their_interval(folder: Path) -> None:
    """By the stored counts alone: arithmetic in fp32 is 0.9 pJ an accumulate more or less."""
    figures = load(folder).cell("conv_snn").measurements
    synops, joules = figures["synops_exact"], figures["modelled_compute_fp32"]
    ends = (synops.low, synops.high, joules.low, joules.high)
    assert None not in ends
    low, high, least, most = (float(it or 0) for it in ends)
    assert most - least == pytest.approx(0.9e-12 * (high - low))
    assert joules.n == synops.n == 128
