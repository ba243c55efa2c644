"""Suites that nobody should have to trust: a fault with its line, and nothing of them runs."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import benchbench
from benchbench.errors import SuiteError
from benchbench.suite import loader, yaml_text

if TYPE_CHECKING:
    from pathlib import Path

HEAD = "benchbench: 1\nname: x\n"
MODELS = "models: [{id: a, model: cnn3}, {id: b, model: conv_snn}]\n"
ROWS = "tables: [{title: t, ratio: [a, b], rows: [{metric: infer_fps, %s}]}]\n"


def faults_of(text: str | bytes, folder: Path) -> list[str]:
    """The faults of a file that holds this."""
    file = folder / "x.yaml"
    file.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    with pytest.raises(SuiteError) as caught:
        loader.load(str(file))
    assert all(fault.line >= 1 for fault in caught.value.faults)
    return [f"{fault.line}: {fault.path}: {fault.message}" for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("!!int abc", "expected int, found 'abc'"),
        ("!mine 3", "the tag '!mine' is not read here"),
        ("!!python/object:os.system x", "is not read here"),
        ("!!binary aGk=", "is not read here"),
        ("&a [*a]", "stands inside of what it repeats"),
        ("*nowhere", "no &nowhere is above it"),
        ("[" * 40 + "]" * 40, "nested more than 32 deep"),
        ("[" * 20_000, "nested more than 32 deep"),
        ("2024-01-01", "a date: put it between quotes"),
        (".inf", "expected a finite number, found inf"),
        ("1e999", "expected a finite number"),
        ("-1e200", "expected a number of at most 1e+150, found -1e+200"),
        (".nan", "expected a finite number, found nan"),
        ("9" * 5000, "expected int, found '9999"),
        ("9" * 400, "at most 64 bits, found a whole number of 1,329 bits"),
        ('"a\\0b"', "a character that is not seen, in 'a\\x00b'"),
        ('"\\ud800"', "a character that is not seen"),
        ('"\\e[31mred"', "a character that is not seen"),
        ("{1: 2}", "expected a word as key, found '1'"),
        ("{[1]: 2}", "expected a word as key"),
        ("{<<: {a: 1}}", "merge keys (<<) are not read"),
        ("{a: 1, a: 2}", "key 'a' stands twice, first on line 4"),
    ],
)
def test_what_yaml_has_and_a_suite_has_not_is_a_fault_with_its_line(
    tmp_path: Path, value: str, said: str
) -> None:
    """Each in the words of who wrote the file, quoted short, on its own line."""
    found = faults_of(f"{HEAD}models:\n- {{id: a, model: cnn3, set: {{x: {value}}}}}\n", tmp_path)
    lines = [line for line in found if said in line]
    assert lines, found
    assert lines[0].startswith("4: ")
    assert all(len(line) < 400 for line in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"%YAML 9.9\n---\n{HEAD}{MODELS}", "1: (yaml): "),
        (f"%YAML 1.1\n---\n{HEAD}{MODELS}", "2: (yaml): YAML '1.1': expected 1.2"),
        (f"{HEAD}tables:\n  - rows:\n%YAML 9.9\n---\n      - {{m: 1}}\n", "5: (yaml): "),
        (f"{HEAD}{MODELS}---\nname: y\n", "4: (yaml): a second document starts here"),
        (f"{HEAD}models:\n\t- a\n", "4: (yaml): found character '\\t'"),
        (b"\x00\x01\x02" * 1000, "1: (yaml): the character U+0000"),
        (f"{HEAD}title: a\x07b\n".encode(), "3: (yaml): the character U+0007"),
        (f"{HEAD}title: ".encode() + b"\xff\n", "3: (file): not UTF-8"),
        ("- a\n- b\n", "1: (file): expected a mapping"),
        ("x" * (yaml_text.MOST_BYTES + 1), "1: (file): cannot be read: 1.0 MiB: at most"),
        ("\ufeff", "1: (file): expected a mapping"),
    ],
)
def test_a_file_that_is_no_suite_is_one_fault(tmp_path: Path, text: str | bytes, said: str) -> None:
    """The line is where it begins to be none."""
    (line,) = faults_of(text, tmp_path)
    assert line.startswith(said), line


@pytest.mark.parametrize("scale", ["''", "x", "[]", "{}"])
def test_a_scale_that_is_no_number_is_one_fault(tmp_path: Path, scale: str) -> None:
    """Empty text is no number either."""
    (line,) = faults_of(HEAD + MODELS + ROWS % f"scale: {scale}", tmp_path)
    assert line.startswith("4: tables[0].rows[0].scale: ")


def test_aliases_that_repeat_aliases_are_counted_and_not_written_out(tmp_path: Path) -> None:
    """Ten lines stand for a milliard of values: they are refused on the line that goes too far."""
    levels = "".join(f"- &l{k} [{', '.join([f'*l{k - 1}'] * 10)}]\n" for k in range(1, 10))
    text = f"{HEAD}{MODELS}laughs:\n- &l0 [a, a]\n{levels}"
    read = yaml_text.read(text)
    assert read.value is None
    assert len(read.lines) < 1000
    assert any("more than 250,000 values" in line for line in faults_of(text, tmp_path))


def test_an_alias_within_limits_is_what_it_repeats(tmp_path: Path) -> None:
    """An anchor is read where its name stands again."""
    text = f"{HEAD}models:\n- {{id: a, model: conv_snn, set: &s {{T: 4}}}}\n"
    text += "- {id: b, model: conv_snn, set: *s}\n"
    suite = loader.parse(text, "x.yaml", tmp_path)
    assert [model.set for model in suite.models] == [{"T": 4}, {"T": 4}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ROWS % "paper: {a: 1, b: 0}", "tables[0].rows[0].paper.b: 0, and the table's ratio is"),
        (ROWS % "scale: 0", "scale: input should be greater than 0, found 0"),
        (ROWS % "decimals: 10000000000", "decimals: input should be less than or equal to 15"),
        ("settings: {time_limit_s: 3000000}\n", "time_limit_s: input should be less than"),
        ("settings: {time_limit_s: .inf}\n", "time_limit_s: expected a finite number, found inf"),
        ("settings: {window_s: 1e100}\n", "window_s: input should be less than"),
        ("settings: {repeats: 1000000000}\n", "repeats: input should be less than"),
        ("quick: {repeats: 1000000000}\n", "quick.repeats: input should be less than"),
        (ROWS % "scale: -1", "scale: input should be greater than 0, found -1"),
        (ROWS % "decimals: -1", "decimals: input should be greater than or equal to 0"),
        (ROWS % "paper: {a: .nan}", "paper.a: expected a finite number, found nan"),
        ("input: 99999x99999x9\n", "input: one sample has more than 16,777,216 numbers"),
        (
            "tables: [{title: t, layout: models, ratio: [a, a], rows: [{metric: params}]}]\n",
            "has no place for it",
        ),
        ("data: {source: digits, time: first}\n", "data.time: 'digits' takes no `time:`"),
        ("data: {source: digits, set: {n: 1}}\n", "data.set: 'digits' takes no `set:`"),
        ("data: {source: fer.csv, classes: 7}\n", "data.classes: 'fer.csv' takes no `classes:`"),
        ("data: {source: x.npz, set: {n: 1}}\n", "data.set: 'x.npz' takes no `set:`"),
        ("repeats: 3\n", "repeats: unknown key 'repeats': it belongs under `settings:`"),
        ("settings: {epochs: 3}\n", "it belongs under `settings.train:` or `models.train:`"),
        (f"title: [{'x' * 10_000}]\n", "xxx..."),
    ],
)
def test_what_validates_does_not_fail_for_what_the_file_shows(
    tmp_path: Path, text: str, said: str
) -> None:
    """Values that a run could do nothing with are faults before it."""
    (line,) = faults_of(HEAD + text + MODELS, tmp_path)
    assert said in line
    assert len(line) < 300


@pytest.mark.parametrize(
    "name", ["../../evil", "/abs/x", "..", ".hidden", "a/b", "a\\b", "~root", "x" * 101, "-rf"]
)
def test_a_name_never_leaves_its_folder(tmp_path: Path, name: str) -> None:
    """Neither the suite's, which is a folder, nor a model's, which is a log's; in Python too."""
    text = f"benchbench: 1\nname: '{name}'\nmodels: [{{id: '{name}', model: cnn3}}]\n"
    found = faults_of(text, tmp_path)
    assert [line.split(": ")[1] for line in found] == ["name", "models[0].id"]
    with pytest.raises(SuiteError, match="expected a name for files"):
        benchbench.run(benchbench.Suite(name=name, models=["cnn3"]), out=tmp_path)


def test_in_python_a_value_is_held_to_the_same(tmp_path: Path) -> None:
    """What JSON cannot hold is a fault before anything runs."""
    model = benchbench.Model("a", "conv_snn", set={"T": 10**400, "tau": float("inf")})
    with pytest.raises(SuiteError) as caught:
        benchbench.run(benchbench.Suite(models=[model]), out=tmp_path)
    assert {fault.path for fault in caught.value.faults} >= {"models[0].set.T", "models[0].set.tau"}


@pytest.mark.parametrize("make", [os.mkfifo, lambda file: file.mkdir(), None])
def test_a_pipe_a_folder_or_a_name_without_end_is_one_fault(tmp_path: Path, make: object) -> None:
    """Nothing is waited for."""
    file = tmp_path / ("suite" if callable(make) else "n" * 300)
    if callable(make):
        make(file)
    with pytest.raises(SuiteError, match=r"no regular file|a folder|File name too long"):
        loader.load(str(file))


def test_many_models_are_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five thousand rows of one model read its source as often as one does."""
    looked = []
    find = loader.zoo.find
    monkeypatch.setattr(loader.zoo, "find", lambda *given: looked.append(given) or find(*given))
    rows = "".join(f"- {{id: m{i}, model: conv_snn, set: {{T: 4}}}}\n" for i in range(5000))
    suite = loader.parse(f"{HEAD}models:\n{rows}", "x.yaml", tmp_path)
    assert len(suite.models) == 5000
    assert len(looked) == 1


def test_validate_executes_nothing_of_a_suite(tmp_path: Path) -> None:
    """Its models, data, extensions and the modules beside them leave no trace of having run."""
    mark = tmp_path / "ran"
    code = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n\ndef f():\n    pass\n"
    for name in ("net", "images", "more", "helper"):
        (tmp_path / f"{name}.py").write_text(f"import helper\n{code}" if name == "net" else code)
    file = tmp_path / "x.yaml"
    file.write_text(
        f"{HEAD}models: [{{id: a, model: 'net.py:f'}}, {{id: b, model: 'more:f'}}]\n"
        "data: images.py:f\nextensions: ['more.py:f']\nzoo: .\n"
    )
    words = [sys.executable, "-m", "benchbench", "validate", str(file)]
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        words, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path}
    )
    assert done.returncode == 0, done.stderr
    assert not mark.exists()


@pytest.mark.parametrize("place", ["settings", "quick", "models", "gate"])
def test_a_truth_value_is_no_number(tmp_path: Path, place: str) -> None:
    """``window_s: true`` is a slip, and no window of one second."""
    model = "{id: a, model: vgg, batch_size: true}" if place == "models" else "{id: a, model: vgg}"
    extra = {
        "settings": "settings: {train: {epochs: true}}",
        "quick": "quick: {window_s: true}",
        "models": "",
        "gate": "gate: {alarm_percent: true}",
    }[place]
    file = tmp_path / "s.yaml"
    file.write_text(f"benchbench: 1\nname: s\nmodels: [{model}]\n{extra}\n")
    with pytest.raises(SuiteError) as caught:
        loader.load(str(file))
    (fault,) = caught.value.faults
    assert fault.message == "expected a number, found true"
    assert fault.path.startswith(place)
