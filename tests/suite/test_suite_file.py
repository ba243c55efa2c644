"""The suite file: every fault at once, or a frozen suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchbench.errors import SuiteError
from benchbench.suite import loader

BAD = """benchbench: 1
name: bad
settings: {batchsize: 3, window_s: -1}
models:
  - {id: a, model: conv_sn}
  - {id: b, model: conv_snn, set: {t: 4}}
tables:
  - {title: t, ratio: [a, b], rows: [{metric: paramz}]}
"""


def faults_of(text: str) -> list[str]:
    """The printed faults of a suite's text."""
    with pytest.raises(SuiteError) as caught:
        loader.parse(text, "bad.yaml", Path())
    return str(caught.value).splitlines()


def test_five_faults_are_five_lines() -> None:
    """A suite with five faults gives five lines with file, line and hint."""
    lines = faults_of(BAD)
    assert [line.split(":")[:2] for line in lines] == [
        ["bad.yaml", number] for number in ("3", "3", "5", "6", "8")
    ]
    assert "did you mean 'batch_size'?" in lines[0]
    assert "did you mean 'conv_snn'?" in lines[2]
    assert "did you mean 'params'?" in lines[4]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", "expected a mapping"),
        ("a: [1", "(yaml)"),
        ("benchbench: 1\nname: x\nname: y\nmodels: [{id: a, model: cnn3}]", "stands twice"),
        ("benchbench: 2\nname: x\nmodels: [{id: a, model: cnn3}]", "benchbench"),
        (
            "benchbench: 1\nname: x\nsettings: {meter: nvm}\nmodels: [{id: a, model: cnn3}]",
            "expected auto, none, rapl, jetson",
        ),
        ("benchbench: 1\nname: x\nmodels: []", "at least one model"),
        ("benchbench: 1\nname: x\nsettings: {train: {epoch: 3}}", "did you mean 'epochs'?"),
        (
            "benchbench: 1\nname: x\nmodels: [{id: a, model: cnn3, train: {stdp: {taus: 1}}}]",
            "did you mean 'tau'?",
        ),
        ("benchbench: 1\nname: x\nquick: {repeat: 1}\nmodels: [{id: a, model: cnn3}]", "repeats"),
    ],
)
def test_a_fault_says_what_was_expected(text: str, wanted: str) -> None:
    """Each kind of fault has a message of its own."""
    assert any(wanted in line for line in faults_of(text))


def test_the_bundled_suite_is_read_and_its_modes_differ() -> None:
    """Table 3 is found by name and its quick mode has its own settings."""
    suite, _ = loader.load("table3")
    assert suite.settings.learning_rate == 1e-3
    assert suite.with_mode("quick").settings.window_s < suite.settings.window_s
    assert loader.locate("suites/table3.yaml").is_file()


def test_a_mode_changes_only_what_it_says_of_the_training() -> None:
    """Quick has fewer epochs everywhere; the fine-tune of one model stays its own."""
    suite, _ = loader.load("table6")
    quick = suite.with_mode("quick")
    for model in quick.models:
        full, fast = suite.settings_of(suite.model(model.id)).train, quick.settings_of(model).train
        assert full is not None
        assert fast is not None
        assert fast.epochs < full.epochs == 100
        assert (fast.stdp is not None) == (full.stdp is not None) == ("stdp" in model.id)


def test_a_setting_of_the_command_line_reaches_the_suite_and_every_training() -> None:
    """Dotted names change one key and leave the others, in the settings and in each model."""
    changes = loader.settings_of({"repeats": 2, "train.epochs": 7})
    suite, _ = loader.load("slimming")
    changed = suite.with_settings(changes)
    assert (changed.settings.repeats, suite.settings.repeats) == (2, 5)
    for before, after in zip(suite.models, changed.models, strict=True):
        assert before.train is not None
        assert after.train is not None
        assert (before.train.epochs, after.train.epochs) == (20, 7)
        assert after.train.slim == before.train.slim


def test_a_setting_is_named_without_the_word_settings() -> None:
    """`--set settings.repeats=2` is told what to write."""
    with pytest.raises(SuiteError, match=r"settings already: repeats="):
        loader.settings_of({"settings.repeats": 2})


def test_faults_of_the_command_line_are_told_together() -> None:
    """An unknown key, a wrong type, an unknown meter: each with its name and what was expected."""
    wrong = {"train.epoch": 3, "repeats": "x", "meter": "scales", "window_s": 1, "window_s.a": 2}
    with pytest.raises(SuiteError, match="window_s is set to a value as well"):
        loader.settings_of(wrong)
    del wrong["window_s.a"]
    with pytest.raises(SuiteError) as found:
        loader.settings_of(wrong)
    lines = str(found.value).splitlines()
    assert len(lines) == 3
    assert any("--set train.epoch: unknown key" in line and "epochs" in line for line in lines)
    assert any("--set repeats: input should be" in line for line in lines)
    assert any("--set meter: expected auto" in line for line in lines)


def test_a_figure_names_models_and_metrics_that_exist() -> None:
    """A wrong metric of an axis and a wrong model of a line are faults with a hint."""
    text = """benchbench: 1
name: x
models: [{id: a, model: cnn3}]
figures:
  - title: t
    x: {metric: paramz}
    y: {metric: accuracy}
    lines: {one: [a, b]}
"""
    lines = faults_of(text)
    assert any("paramz" in line and "params" in line for line in lines)
    assert any("no model id 'b'" in line for line in lines)


def test_every_bundled_suite_is_valid() -> None:
    """Each file in suites/ is read without a fault, under its own name."""
    for name, file in loader.bundled_suites().items():
        assert loader.load(str(file))[0].name == name


def test_the_committed_schema_is_the_code_s() -> None:
    """The JSON Schema beside the suites is what the code prints."""
    file = loader.bundled_suites()["table3"].with_name("schema.json")
    assert file.read_text("utf-8") == loader.json_schema()
    assert json.loads(loader.json_schema())["properties"]["models"]
