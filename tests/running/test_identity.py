"""What a model's code is made of decides what is kept: cells, weights, interrupted runs."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import pytest

from benchbench.data.reference import DataRef
from benchbench.errors import BenchbenchError
from benchbench.files import digest_of
from benchbench.report.format import fact_text
from benchbench.results import journal
from benchbench.running import runner
from benchbench.running.cells import UNNAMED, Cell, Job, cells_of
from benchbench.running.launcher import Outcome
from benchbench.running.plan import Asked, Plan
from benchbench.running.resuming import journal_of
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.training import Slim, Train
from benchbench.training.weight_store import Store, stores_of
from benchbench.worker import setup

if TYPE_CHECKING:
    from pathlib import Path

NET = """
import importlib
from torch import nn
from lib.act import Act

def net(plugin=None):
    if plugin:
        importlib.import_module(plugin)
    return nn.Sequential(nn.Flatten(), nn.Linear(2304, 7), Act())
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package model with a helper module, and a plugin that only its settings name."""
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "__init__.py").touch()
    (tmp_path / "lib" / "act.py").write_text("from torch.nn import ReLU as Act\n")
    (tmp_path / "lib" / "net.py").write_text(NET)
    (tmp_path / "plugin_of_mine.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("lib", "lib.act", "lib.net", "plugin_of_mine"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    importlib.invalidate_caches()
    return tmp_path


def cell_of(folder: Path, plugin: str | None = None) -> Cell:
    """The cell of a suite with that model, trained."""
    model = Model("m", "lib.net:net", set={"plugin": plugin} if plugin else {})
    suite = Suite(1, "s", (model,), settings=Settings(train=Train()))
    data = DataRef("synthetic_faces", "0", 7, 0)
    (cell,) = cells_of(suite, folder, "cpu", {"m": data})
    return cell


def store_of(cell: Cell) -> Store:
    """Where its weights are kept: none of these is long enough to have two places."""
    (found,) = stores_of(cell)
    return found


def test_a_helper_is_part_of_the_identity_of_cell_and_weights(folder: Path) -> None:
    """ReLU to Hardtanh in a module beside the model: another cell, and weights of its own."""
    before = cell_of(folder)
    store = store_of(before)
    (folder / "lib" / "act.py").write_text("from torch.nn import Hardtanh as Act\n")
    after = cell_of(folder)
    assert before.id != after.id
    other = store_of(replace(after, id=before.id))
    assert store.key != other.key


def test_two_functions_of_one_file_have_weights_of_their_own(tmp_path: Path) -> None:
    """The file, its settings and even the parameters' names are the same: only the name is not."""
    code = "from torch import nn\n"
    for name, layer in (("one", "ReLU"), ("other", "Hardtanh")):
        code += (
            f"def {name}(): return nn.Sequential(nn.Flatten(), nn.Linear(2304, 7), nn.{layer}())\n"
        )
    (tmp_path / "nets.py").write_text(code)
    models = tuple(Model(name, f"nets.py:{name}") for name in ("one", "other"))
    suite = Suite(1, "s", models, settings=Settings(train=Train()))
    data = DataRef("synthetic_faces", "0", 7, 0)
    cells = cells_of(suite, tmp_path, "cpu", {"one": data, "other": data})
    stores = [store_of(cell) for cell in cells]
    assert stores[0].key != stores[1].key


def test_what_the_source_does_not_name_is_told_and_part_of_the_weights(folder: Path) -> None:
    """A plugin that a setting names: the report has its digest, and its weights are its own."""
    plain, cell = cell_of(folder), cell_of(folder, "plugin_of_mine")
    plugin = folder / "plugin_of_mine.py"
    setup._started_with.cache_clear()  # other tests of this session have loaded their own since
    assert UNNAMED not in setup.facts_of(setup.build(plain), plain)
    facts = setup.facts_of(setup.build(cell), cell)
    assert facts[UNNAMED] == {str(plugin): digest_of(plugin)}
    assert fact_text(facts[UNNAMED]) == f"{plugin} (sha256 {digest_of(plugin)[:12]})"
    first = store_of(cell)
    plugin.write_text("x = 2\n")
    second = store_of(cell)
    assert first.key != second.key


@pytest.mark.parametrize("change", ["none", "edited", "gone"])
def test_an_interrupted_run_is_taken_up_unless_code_without_identity_changed(
    folder: Path, change: str
) -> None:
    """The jobs that were finished with it would stand beside others of another code."""
    plugin, place = folder / "plugin_of_mine.py", folder / "out" / "20260101-000000"
    about = {"name": "d", "source": "d", "synthetic": True, "digest": "0", "samples": 1}
    plan = Plan(Suite(1, "s"), Asked(), (cell_of(folder),), {}, {**about, "warnings": []})
    header = partial(runner.header_of, plan)
    job, facts = plan.jobs[0], {UNNAMED: {str(plugin): digest_of(plugin)}, "reset": "none"}
    with journal.Journal(place) as book:
        book.append(header(place.name, []))
        book.append(runner._record(job, Outcome("ok", "", facts=facts)))
    if change == "edited":
        plugin.write_text("x = 2\n")
    if change == "gone":
        plugin.unlink()
    book, found = journal_of(folder / "out", plan, header, pytest.fail)
    book.close()
    assert (found == place) == (change == "none")


@pytest.mark.parametrize("name", ["act.py", "net.py"])
def test_code_that_changes_during_a_run_is_refused(folder: Path, name: str) -> None:
    """The jobs before were of the old one; an edit of what the model does not use costs nothing."""
    cell = cell_of(folder)
    (folder / "lib" / "unused.py").write_text("x = 1\n")
    setup.build(cell)
    file = folder / "lib" / name
    file.write_text(file.read_text() + "# edited\n")
    with pytest.raises(BenchbenchError, match=f"{name} has changed since the run began"):
        setup.build(cell)
    file.unlink()
    with pytest.raises(BenchbenchError, match=r"no module|has changed since the run began"):
        setup.build(cell)


def test_a_checkpoint_in_the_home_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`~` is the user's home, wherever the suite lies."""
    monkeypatch.setenv("HOME", str(folder / "home"))
    (folder / "home").mkdir()
    (folder / "home" / "weights.pt").write_bytes(b"weights")
    suite = Suite(1, "s", (Model("m", "lib.net:net", checkpoint="~/weights.pt"),))
    data = DataRef("synthetic_faces", "0", 7, 0)
    (cell,) = cells_of(suite, folder, "cpu", {"m": data})
    assert cell.model.checkpoint == str(folder / "home" / "weights.pt")


@pytest.mark.parametrize(
    ("recipe", "minutes"),
    [
        (Train(minutes=60), 90),
        (Train(minutes=60, seeds=5), 450),
        (Train(minutes=60, slim=Slim(ratio=0.5)), 180),
        (Train(minutes=60, slim=Slim()), 90),
        (Train(minutes=60, seeds=2, slim=Slim(macs=9)), 360),
        (Train(minutes=33_000, seeds=1000), 24 * 24 * 60),
        (Train(seeds=5), 20 * 24 * 60),
    ],
)
def test_a_training_has_its_budget_for_each_fit(recipe: Train, minutes: float) -> None:
    """For every seed, and before and after a cut; as long as a process can be waited for."""
    cell = Cell("c", Model("m", "x.py:m"), Settings(train=recipe), "cpu", None, ".")
    assert Job(cell, "train", 0).time_limit_s == 60 * minutes
    assert Job(cell, "count", 0).time_limit_s == cell.settings.time_limit_s
