"""Layers as rows and data frames: every column adds up, and what was not counted is no 0."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_references import REFERENCES, open_document

from benchbench.errors import ResultError
from benchbench.metrics.registry import METRICS, measured, unavailable
from benchbench.results.counts import Counts
from benchbench.results.frames import layer_frame, layer_rows
from benchbench.results.stored import load

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.metrics.measurement import Measurement

STORED = sorted(REFERENCES.rglob("results.json"))
COLUMNS = [
    "layer",
    "kind",
    "shape_in",
    "shape_out",
    "calls",
    "params",
    "macs",
    "macs_valid",
    "density",
    "synops",
    "share",
]


def layer(name: str, **columns: Any) -> dict[str, Any]:
    """A row as the probe of operations gives it."""
    usual = {"kind": "conv", "params": 10, "macs_dense": 300, "macs_valid": 200, "share": 0.75}
    return {"name": name, **usual, **columns}


def figures(*layers: dict[str, Any], params: float | None = None) -> dict[str, Measurement]:
    """Figures of a model with these layers, the second of them fed with spikes."""
    names = [row["name"] for row in layers]
    effective = [{"name": name, "density": 0.5, "macs_effective": 1} for name in names[1:]]
    spikes = [{"name": name, "synops": 7.5} for name in names[1:2]]
    own = sum(row["params"] for row in layers)
    made = (
        measured("params", own if params is None else params),
        measured("macs_dense", sum(r["macs_dense"] for r in layers), detail={"layers": layers}),
        measured("macs_effective", 1, detail={"layers": effective}),
        measured("synops_exact", 7.5, detail={"layers": spikes}),
    )
    return {figure.name: figure for figure in made}


FIRST = layer("a", shape_in=[1, 8, 8], shape_out=[2, 8, 8], calls=4)
SECOND = layer("b", kind="linear", params=20, macs_dense=100, macs_valid=100, share=0.25)


def test_a_row_has_what_each_figure_says_of_its_layer() -> None:
    """Shapes, operations, density and SynOps come from their own figures, by the layer's name."""
    assert layer_rows(figures(FIRST, SECOND)) == [
        {
            "layer": "a",
            "kind": "conv",
            "shape_in": (1, 8, 8),
            "shape_out": (2, 8, 8),
            "calls": 4,
            "params": 10,
            "macs": 300,
            "macs_valid": 200,
            "density": None,
            "synops": None,
            "share": 0.75,
        },
        {
            "layer": "b",
            "kind": "linear",
            "shape_in": None,
            "shape_out": None,
            "calls": None,
            "params": 20,
            "macs": 100,
            "macs_valid": 100,
            "density": 0.5,
            "synops": 7.5,
            "share": 0.25,
        },
    ]


@pytest.mark.parametrize(
    ("params", "name"), [(35, "norms and others"), (25, "shared, counted once in all")]
)
def test_parameters_add_up_to_the_models(params: int, name: str) -> None:
    """A last row has those of no layer, or takes off those of two; and nothing else."""
    rows = layer_rows(figures(FIRST, SECOND, params=params))
    last = rows.pop()
    assert sum(row["params"] for row in rows) + last["params"] == params
    assert {key: value for key, value in last.items() if value is not None} == {
        "layer": name,
        "kind": "",
        "params": params - 30,
    }


def test_no_rest_is_made_up() -> None:
    """Where parameters were not counted, or there are no layers, there is no last row."""
    there = figures(FIRST, SECOND)
    assert len(layer_rows(there)) == 2
    assert len(layer_rows({**there, "params": unavailable("params", "lazy")})) == 2
    del there["params"]
    assert len(layer_rows(there)) == 2
    assert layer_rows(figures(params=5)) == []


def test_what_was_not_counted_is_not_zero() -> None:
    """NaN in the frame, and a 0 that was counted stays one."""
    silent = figures(FIRST, SECOND, params=35)
    silent["synops_exact"] = measured(
        "synops_exact", 0, detail={"layers": [{"name": "b", "synops": 0}]}
    )
    frame = layer_frame("m", silent)
    assert list(frame.columns) == COLUMNS
    assert list(frame["synops"].isna()) == [True, False, True]
    assert frame["synops"][1] == 0
    assert list(frame["density"].isna()) == [True, False, True]
    assert list(frame["macs"].isna()) == [False, False, True]
    assert math.isnan(frame["calls"][1])
    assert frame["shape_in"][0] == (1, 8, 8)
    assert frame["shape_in"].isna().tolist() == [False, True, True]
    assert {str(frame[name].dtype) for name in COLUMNS[4:]} == {"float64"}


def test_a_frame_without_layers_is_refused_with_the_reason() -> None:
    """It is never an empty table that looks like a model without operations."""
    refused = {"macs_dense": unavailable("macs_dense", "counters disagree")}
    with pytest.raises(ResultError, match=r"^m: there are no layers to show: counters disagree$"):
        layer_frame("m", refused)
    with pytest.raises(ResultError, match=r"^m: .*: its mult-adds were not counted$"):
        layer_frame("m", {})
    assert layer_rows(refused) == layer_rows({}) == []
    assert list(layer_frame("m", figures(params=0)).columns) == COLUMNS


@pytest.mark.parametrize("file", STORED, ids=lambda file: file.parents[1].name)
def test_the_layers_of_a_stored_run_add_up_to_its_figures(file: Path) -> None:
    """Parameters, mult-adds, SynOps and shares, of every model, also of runs without shapes."""
    run = load(file)
    for cell in run.cells:
        frame, given = run.layers(cell.model), cell.measurements
        assert frame["params"].sum() == given["params"].value
        assert frame["macs"].sum() == given["macs_dense"].value
        assert frame["macs_valid"].sum() == given["macs_valid"].value
        assert frame["share"].sum() == pytest.approx(1)
        figure = given.get("synops_exact")  # not of random inputs
        synops = figure.value if figure else None
        if synops is None:
            assert frame["synops"].isna().all()
        else:
            assert frame["synops"].sum() == pytest.approx(synops, rel=1e-12)


def test_a_model_that_is_not_there_is_named() -> None:
    """A typing error says which models there are; a cell that failed says why."""
    run = load(STORED[0])
    with pytest.raises(ResultError, match=f"no model 'vgk' in this run; .*{run.cells[0].model}"):
        run.layers("vgk")
    broken = replace(run.cells[0], status="oom", reasons=("count: too large",), measurements={})
    with pytest.raises(ResultError, match="oom: count: too large"):
        replace(run, cells=(broken,)).layers(broken.model)
    with pytest.raises(ResultError, match="pending: it was not counted"):
        replace(run, cells=(replace(broken, status="pending", reasons=()),)).layers(broken.model)


def test_counts_are_a_row_a_figure() -> None:
    """With how each was got, and the reason where there is no value."""
    missing = unavailable("synops_exact", "no spikes")
    made = (measured("params", 12), missing)
    frame = Counts("m", "input 1x8x8", False, True, "ok", "", made, {}).to_frame()
    assert list(frame["metric"]) == ["params", "synops_exact"]
    assert set(frame["model"]) == {"m"}
    assert set(frame["data"]) == {"input 1x8x8"}
    assert not frame["synthetic_data"].any()
    assert frame["value"][0] == 12
    assert math.isnan(frame["value"][1])
    assert list(frame["reasons"]) == ["", "no spikes"]
    assert list(frame["definition"]) == [METRICS[name].says for name in frame["metric"]]


def test_the_parameters_of_no_layer_are_a_row_of_their_own() -> None:
    """Also where there is one layer, or one parameter; of none there is no row."""
    one = layer_rows(figures(FIRST, params=11))
    assert [(row["layer"], row["params"]) for row in one] == [("a", 10), ("norms and others", 1)]
    assert one[1]["macs"] is None
    assert [row["layer"] for row in layer_rows(figures(FIRST))] == ["a"]


def test_figures_without_layers_give_no_rows() -> None:
    """A total alone is no layer; a layer whose inputs were not counted has no density."""
    assert layer_rows({"macs_dense": measured("macs_dense", 5)}) == []
    found = figures(FIRST, SECOND)
    del found["synops_exact"]
    assert [row["synops"] for row in layer_rows(found)] == [None, None]


def test_why_there_are_no_layers_is_told_whole() -> None:
    """Every reason, one after the other."""
    dense = replace(unavailable("macs_dense", "one"), reasons=("one", "two"))
    with pytest.raises(ResultError, match=r"^m: there are no layers to show: one; two$"):
        layer_frame("m", {"macs_dense": dense})


@pytest.mark.parametrize(
    ("key", "value", "refused"),
    [
        ("calls", None, False),  # of a product that a module runs beside others
        ("shape_in", None, False),
        ("share", "most", True),
        ("params", None, True),
    ],
)
def test_a_stored_layer_that_no_counter_could_have_written_is_refused(
    tmp_path: Path, key: str, value: object, *, refused: bool
) -> None:
    """What is not known of a layer is None in some columns, and in no other."""
    document = open_document()
    document["cells"][0]["measurements"]["macs_dense"]["detail"]["layers"][0][key] = value
    file = tmp_path / "results.json"
    file.write_text(json.dumps(document), "utf-8")
    if refused:
        with pytest.raises(ResultError, match=rf"layers\[0\]\.{key}"):
            load(file)
    else:
        assert load(file).layers("conv_snn")[key].isna().iloc[0]
