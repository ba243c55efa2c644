"""`data:` and `input:` of a suite and of its models."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import benchbench
from benchbench.codec import plain, restored
from benchbench.data import DataSource
from benchbench.errors import SuiteError
from benchbench.suite import loader
from benchbench.suite.built import checked
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "benchbench: 1\nname: s\n"


def parse(text: str, folder: Path) -> Suite:
    """A suite of one model and these lines."""
    return loader.parse(HEAD + text, "s.yaml", folder)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", DataSource()),
        ("data: digits\n", DataSource("digits")),
        ("data: my.py:cifar\n", DataSource("my.py:cifar")),
        (
            "data: { source: my.py:f, set: { n: 3 }, time: first, classes: 4 }\n",
            DataSource("my.py:f", {"n": 3}, "first", 4),
        ),
        ("input: 3x32x32\n", DataSource("input:3x32x32")),
    ],
)
def test_forms_of_the_key(tmp_path: Path, line: str, wanted: DataSource) -> None:
    """A source by itself, a mapping, or a shape; of a suite and of a model alike."""
    suite = parse(f"{line}models: [{{ id: a, model: vgg }}]\n", tmp_path)
    assert suite.data == wanted
    assert suite.models[0].data is None
    if line:
        key = line.strip()
        own = parse(f"models: [{{ id: a, model: vgg, {key} }}]\n", tmp_path)
        assert own.models[0].data == wanted
        assert own.data == DataSource()
    assert restored(Suite, plain(suite)) == suite


def test_a_stored_suite_of_before_still_loads() -> None:
    """Its data was text alone."""
    stored = plain(Suite(name="old"))
    assert restored(Suite, {**stored, "data": "synthetic_faces"}) == Suite(name="old")


def test_in_python_a_source_may_stand_by_itself() -> None:
    """In the suite and in the model."""
    suite = benchbench.Suite(data="digits", models=[benchbench.Model("a", "vgg", data="my.npz")])
    assert suite.data == DataSource("digits")
    assert suite.models[0].data == DataSource("my.npz")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("data: { sorce: x }\n", "unknown key 'sorce' (did you mean 'source'?)"),
        ("data: { source: x, time: third }\n", "data.time"),
        ("data: 7\n", "data:"),
        ("data: digits\ninput: 3x4\n", "give `data` or `input`, not both"),
        ("input: 3xx4\n", "expected the shape of one sample, e.g. 3x32x32, found '3xx4'"),
        ("data: { source: x, classes: many }\n", "data.classes"),
    ],
)
def test_faults_have_their_line(tmp_path: Path, line: str, said: str) -> None:
    """One sentence each, where it stands."""
    with pytest.raises(SuiteError) as caught:
        parse(f"{line}models: [{{ id: a, model: vgg }}]\n", tmp_path)
    faults = [str(fault) for fault in caught.value.faults]
    assert len(faults) == 1, faults
    assert said in faults[0]
    assert faults[0].startswith(f"s.yaml:{2 + line.count(chr(10))}:"), faults


def test_a_matrix_is_a_row_for_each_combination(tmp_path: Path) -> None:
    """With ids and labels that say which; the batch size is the row's own."""
    suite = parse(
        "models:\n"
        "  - { id: a, model: vgg }\n"
        "  - { id: snn, model: conv_snn, label: SNN, set: { T: 9 },\n"
        "      matrix: { T: [1, 4], batch_size: [1, 16] } }\n",
        tmp_path,
    )
    assert [model.id for model in suite.models] == [
        "a",
        "snn_T1_batch_size1",
        "snn_T1_batch_size16",
        "snn_T4_batch_size1",
        "snn_T4_batch_size16",
    ]
    last = suite.models[-1]
    assert (last.title, last.set) == ("SNN, T = 4, batch_size = 16", {"T": 4})
    assert [suite.settings_of(model).batch_size for model in suite.models] == [16, 1, 16, 1, 16]
    swept = parse(
        "models: [{ id: a, model: vgg, matrix: { learning_rate: [1e-3, 3e-4] } }]\n", tmp_path
    )
    assert [(it.id, it.set) for it in swept.models] == [
        ("a_learning_rate0.001", {}),
        ("a_learning_rate0.0003", {}),
    ]
    assert [swept.settings_of(it).learning_rate for it in swept.models] == [1e-3, 3e-4]
    built = benchbench.Model("snn", "conv_snn", matrix={"T": [1, 4]})
    assert [m.id for m in checked(Suite(models=(built,)), tmp_path, tmp_path).models] == [
        "snn_T1",
        "snn_T4",
    ]


@pytest.mark.parametrize(
    ("matrix", "said"),
    [
        ("{ T: 4 }", "expected lists of values by setting"),
        ("{ T: [] }", "expected lists of values by setting"),
        ("{ T: [1, 2], steps_of_it: [3] }", "conv_snn has no setting 'steps_of_it'"),
        ("{ T: [one] }", "expected a value of type int"),
        (f"{{ T: {list(range(1, 1002))} }}", "1,001 combinations"),
    ],
)
def test_faults_of_a_matrix_have_the_model_s_line(tmp_path: Path, matrix: str, said: str) -> None:
    """Told once, however many rows there are."""
    entry = f"{{ id: s, model: conv_snn, matrix: {matrix} }}"
    lines = f"models:\n  - {{ id: a, model: vgg }}\n  - {entry}\n"
    with pytest.raises(SuiteError) as caught:
        parse(lines, tmp_path)
    faults = [str(fault) for fault in caught.value.faults]
    assert len(faults) == 1, faults
    assert said in faults[0]
    assert faults[0].startswith("s.yaml:5: models[1]"), faults
