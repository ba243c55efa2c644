"""What a user reads of a likely mistake: what is wrong, where it is, and what to do."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest
import torch
from click.testing import CliRunner
from fixtures_references import REFERENCES, TABLE3
from torch import nn

from benchbench import errors
from benchbench.cli import main
from benchbench.cli.endings import exit_code
from benchbench.running import plan
from benchbench.training import weights

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

EVENTS = next((REFERENCES / "events").iterdir())

CODE = """
from torch import nn

def net(width: int = 4): return nn.Linear(2304, width)

def forgets():
    nn.Linear(1, 1)

def asks(size): return nn.Linear(size, 7)

def raises():
    raise RuntimeError("no weights on this host")

def data(): return {}
"""
SUITE = """benchbench: 1
name: mine
models:
  - { id: a, model: "%s" }
tables:
  - { title: t, models: [a, %s], rows: [{ metric: %s }] }
"""


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """What a command line says on standard error, in a folder with a user's files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    monkeypatch.setattr(plan, "hello", lambda *_: {"gpus": [], "torch": "2.9"})
    (tmp_path / "my.py").write_text(CODE)
    (tmp_path / "model.yaml").write_text(SUITE % ("my.py:nett", "a", "params"))
    (tmp_path / "lacks.yaml").write_text(SUITE % ("my.py:asks", "a", "params"))
    (tmp_path / "file.yaml").write_text(SUITE % ("no.py:net", "a", "params"))
    (tmp_path / "module.yaml").write_text(SUITE % ("torch.modelz:net", "a", "params"))
    (tmp_path / "id.yaml").write_text(SUITE % ("cnn3", "b", "params"))
    (tmp_path / "metric.yaml").write_text(SUITE % ("cnn3", "a", "joules"))
    (tmp_path / "bare.yaml").write_text("models: cnn3\n")
    (tmp_path / "empty").mkdir()
    (tmp_path / "torn.json").write_bytes(TABLE3.read_bytes()[:3000])
    (tmp_path / "torn").mkdir()
    for name in ("results.json", "journal.jsonl"):
        (tmp_path / "torn" / name).write_text("{")
    packed = gzip.compress(b"emotion,pixels,Usage\n" * 100)
    (tmp_path / "cut.csv.gz").write_bytes(packed[: len(packed) // 2])
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")

    def run(line: str) -> str:
        words = [
            word.format(runs=REFERENCES, old=TABLE3.parent, new=EVENTS) for word in line.split()
        ]
        code = exit_code(lambda: main.group(words, standalone_mode=False))
        assert code in {2, 4}
        return " ".join(capsys.readouterr().err.split())

    return run


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("validate model.yaml", ("model.yaml:4: models[0].model", "my.py has no 'nett'")),
        ("validate model.yaml", ("did you mean 'net'?", "its functions are: net, forgets, asks")),
        ("validate lacks.yaml", ("lacks.yaml:4:", "asks needs a value for size", "set: { size: ")),
        ("validate file.yaml", ("file.yaml:4:", "no.py", "a path starts from ")),
        ("validate module.yaml", ("module.yaml:4:", "'torch.modelz'", "install its package")),
        ("validate id.yaml", ("id.yaml:6: tables[0].models[1]", "no model id 'b'", "has a")),
        (
            "validate metric.yaml",
            ("metric.yaml:6:", "no metric 'joules'", "`benchbench list probes`"),
        ),
        ("validate bare.yaml", ("bare.yaml:1: benchbench", "e.g. `benchbench: 1`")),
        ("validate bare.yaml", ("bare.yaml:1: models", "expected a list", "found 'cnn3'")),
        ("count my.py", ("my.py: name the function of this file", "my.py:net")),
        ("count conv_snn --set T=four", ("conv_snn: T: expected a value of type int", "'four'")),
        ("count my.py:asks", ("asks needs a value for size", "--set size=...")),
        ("count conv_snn --set T", ("--set T: expected KEY=VALUE, e.g. T=4",)),
        ("report empty", ("empty: no folder of a run", "results.json", "OUT/<suite>/<run id>/")),
        ("report {runs}/table3", ("it holds 1 run(s), the last of them {old}",)),
        ("report my.py", ("my.py: cannot be read: no whole JSON", "or no result")),
        ("report torn.json", ("torn.json: cannot be read", "it is cut off, damaged")),
        ("report torn", ("without this file the run is read from journal.jsonl beside it",)),
        ("compare {old} {new}", ("nothing could be compared", "the machines differ (", "--across")),
        (
            "export {old} --to latx",
            ("no export 'latx' (did you mean 'latex'?)", "there are bencher"),
        ),
        (
            "data check my.py",
            ("my.py: a Python file: name the function", "my.py:FUNCTION"),
        ),
        *(
            (
                f"data check {it}",
                (f"{it}: is no set of faces", "looks at FER2013 and synthetic_faces"),
            )
            for it in ("digits", "synthetic_events", "input:3x32x32", "my.py:net", "mine.npz")
        ),
        ("data check other.csv", ("other.csv:1:", "FER2013's header: emotion,pixels,Usage")),
        (
            "data check cut.csv.gz",
            ("cut.csv.gz: truncated or damaged", "copy or download it again"),
        ),
        ("run cnn3.yaml", ("cnn3.yaml:1: (file): no such suite file; bundled: ",)),
        ("run table3 --quick --publish", ("quick and publish exclude each other",)),
        ("gate table3 --base HEAD", ("not a git repository", "or the path of a stored run")),
        ("history infer_fps empty", ("empty: there is no stored run", "as `benchbench run` keeps")),
    ],
)
def test_a_message_says_what_where_and_how(
    said: Callable[[str], str], line: str, parts: tuple[str, ...]
) -> None:
    """Every part stands in it, and nothing of Python's own."""
    text = said(line)
    for part in parts:
        assert part.replace("{old}", str(TABLE3.parent)) in text
    assert "Traceback" not in text
    assert "internal error" not in text


def test_a_gate_whose_base_is_no_commit_and_no_file_says_both(
    said: Callable[[str], str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that was misspelled is taken for a revision."""
    monkeypatch.chdir(repository)
    text = said("gate bench/mine.yaml --base reports/no")
    assert "--base reports/no: no such commit, and no file or folder of a stored run" in text


def test_a_device_that_is_not_there_names_the_way() -> None:
    """The CPU, and the command that tells what is missing."""
    with pytest.raises(errors.BenchbenchError) as told:
        plan.device_of("cuda", {"gpus": [], "torch": "2.9"})
    assert "sees 0 CUDA device(s)" in str(told.value)
    assert "--device cpu" in str(told.value)
    assert "`benchbench doctor`" in str(told.value)


def test_a_factory_that_raises_is_told_with_its_line(said: Callable[[str], str]) -> None:
    """File, line and function of the user's own code; one that returns nothing has a hint."""
    line = CODE.splitlines().index('    raise RuntimeError("no weights on this host")') + 1
    text = said("count my.py:raises")
    assert f"RuntimeError: no weights on this host (my.py:{line}, in raises)" in text
    text = said("count my.py:forgets")
    assert "returned NoneType, not a torch.nn.Module: is its `return` missing?" in text
    assert not re.search(r"\(\w+\.py:\d+, in", text)


def test_weights_that_do_not_fit_name_both_ways_out(tmp_path: Path) -> None:
    """Other settings or another file; of no weights at all, how they are written."""
    file = tmp_path / "w.pt"
    torch.save(nn.Linear(2, 3).state_dict(), file)
    with pytest.raises(errors.ModelError) as told:
        weights.load_weights(nn.Linear(2, 4), file)
    assert str(told.value).startswith(f"checkpoint {file} does not fit the model: ")
    assert "settings that it was trained with (`set:`)" in str(told.value)
    file.write_text(CODE)
    with pytest.raises(errors.ModelError) as told:
        weights.load_weights(nn.Linear(2, 4), file)
    assert "expected what torch.save(model.state_dict(), FILE) writes" in str(told.value)
    assert "arbitrary code" not in str(told.value)
    assert "weights_only" not in str(told.value)


@pytest.mark.parametrize("out", ["/dev/null/reports", "/proc/reports"])
def test_a_folder_that_cannot_be_written_names_the_option(out: str) -> None:
    """Before anything is measured."""
    words = ["train", "shallow_cnn", "--epochs", "1", "--images", "4", "--out", out]
    result = CliRunner().invoke(main.group, words, standalone_mode=False)
    assert isinstance(result.exception, errors.OutputError)
    assert str(result.exception).startswith(out)
    assert str(result.exception).endswith("give another folder (--out)")
