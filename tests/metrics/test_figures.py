"""Figures are declared once, where they are measured, and everything else follows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from benchbench.errors import CountError
from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import METRICS, Probe, probe, probes, ready

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures_copy import PackageCopy

    from benchbench.metrics.measurement import Measurement

BIASES = '''"""How many biases the model has."""

from benchbench.metrics.figure import Figure
from benchbench.metrics.registry import probe
from benchbench.probes.size import PARAMS

BIASES = Figure(
    "biases",
    "Biases",
    "1",
    "counted",
    "scalars in the parameters of one dimension",
    rests_on="model",
)


@probe(gives=(BIASES,), needs=(PARAMS,))
def measure(model, figures):
    assert figures["params"].value
    yield BIASES(sum(p.numel() for p in model.parameters() if p.dim() == 1))
'''

SUITE = """benchbench: 1
name: biased
settings: { repeats: 2, phases: [infer], window_s: 0.05, window_iterations: 1, warmup_s: 0,
  warmup_cap_s: 0.05, warmup_iterations: 1, idle_s: 0, images: 16, train_steps: 0, meter: none }
tables: [{ title: T, rows: [{ metric: biases }], ratio: [a, b] }]
models:
  - { id: a, model: shallow_cnn }
  - { id: b, model: shallow_cnn }
"""


@pytest.mark.slow
def test_a_figure_is_one_new_file(package_copy: PackageCopy) -> None:
    """It is measured, merged, listed, stored, printed and compared, with no other file touched."""
    package_copy.add("probes/biases.py", BIASES)
    listed = json.loads(package_copy.benchbench("list", "probes", "--json"))["probes"]
    assert {"biases"} == {row["name"] for row in listed if row["probe"] == "biases"}
    (package_copy.root / "biased.yaml").write_text(SUITE)
    out = package_copy.root / "out"
    done = package_copy.benchbench("run", str(package_copy.root / "biased.yaml"), "--out", str(out))
    (folder,) = (out / "biased").iterdir()
    results = json.loads((folder / "results.json").read_text())
    values = [cell["measurements"]["biases"]["value"] for cell in results["cells"]]
    assert values[0] == values[1] > 0
    assert [c["value"] for c in results["comparisons"] if c["metric"] == "biases"] == [1.0]
    for text in (done, (folder / "results.csv").read_text(), (folder / "report.html").read_text()):
        assert "Biases" in text


def test_every_figure_has_one_probe_and_a_whole_declaration() -> None:
    """No name stands twice, and none is without title, unit or definition."""
    declared = [figure.name for found in probes().values() for figure in found.gives]
    assert sorted(declared) == sorted(set(declared)) == sorted(METRICS)
    assert all(f.title and f.unit and f.says for f in METRICS.values())


def test_a_figure_that_another_probe_has_is_refused() -> None:
    """Two probes cannot both give the parameters."""
    probes()
    with pytest.raises(ValueError, match=r"declares params, which size has"):
        probe(gives=(METRICS["params"],))(list)


def test_a_probe_comes_after_those_that_it_needs() -> None:
    """Whatever the order of the files is."""
    given = ("model", "example", "batches", "figures", "formulas")
    names = [found.name for found in ready(given)]
    assert names.index("energy_modelled") > max(names.index("operations"), names.index("spikes"))
    assert "throughput" not in names  # nobody gave it a window


def test_what_changes_the_model_is_asked_last() -> None:
    """Else modelled energy would be of other weights than the spikes that stand beside it."""
    found = ready(("model", "example", "batches", "figures", "formulas", "step_of", "phases"))
    assert [p.name for p in found if p.changes_model] == [found[-1].name] == ["footprint"]
    assert {"spikes", "energy_modelled", "depth"} <= {p.name for p in found[:-1]}


def test_a_refusal_makes_what_is_not_given_yet_missing() -> None:
    """What was given stays, the rest is n/a with the reason."""
    first, second = (Figure(n, n, "1", "counted", "a test's") for n in ("first", "second"))

    def measure(model: object) -> Iterator[Measurement]:
        yield first(1.0)
        raise CountError("no rule")

    taken = Probe("mine", (first, second), (), ("model",), measure).take({"model": None})
    assert [(f.name, f.value, f.reasons) for f in taken.figures] == [
        ("first", 1.0, ()),
        ("second", None, ("CountError: no rule",)),
    ]
    assert taken.refusal == "mine: CountError: no rule"


def test_a_definition_of_a_step_reads_as_english() -> None:
    """One training step, and one inference of a batch: never "a inference"."""
    assert not [it.name for it in METRICS.values() if " a inference" in it.says]
    assert " in one inference of a batch," in METRICS["infer_operators"].says
    assert " in one training step," in METRICS["train_operators"].says
