"""A NIR graph is a reference like any other: found, validated, told from others, run."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import util
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

from benchbench import zoo
from benchbench.errors import ModelError, SuiteError
from benchbench.suite import loader
from benchbench.zoo import nir_graph

if TYPE_CHECKING:
    from pathlib import Path

nir = pytest.importorskip("nir", reason="NIR is not installed: [frameworks]")
pytest.importorskip("nirtorch", reason="NIRTorch is not installed: [frameworks]")

SUITE = """
benchbench: 1
name: graphs
settings: { repeats: 1, window_s: 0.05, window_iterations: 1, warmup_s: 0, warmup_iterations: 1,
  warmup_cap_s: 0.5, idle_s: 0, images: 16, batch_size: 8, train_steps: 2 }
models:
"""
EVENTS = "{ id: events, model: graph.nir, data: { source: synthetic_events, time: first } }"
STILL = "{ id: still, model: graph.nir, steps: 3, data: 'own.py:still', train: { epochs: 1 } }"
OWN = """
import torch
def still():
    x, y = torch.rand(24, 2, 32, 32), torch.arange(24) % 10
    return {"train": (x, y), "test": (x, y)}
"""


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    """A graph that SpikingJelly wrote, for events [2, 32, 32] in ten classes."""
    from spikingjelly.activation_based import layer, neuron, nir_exchange

    torch.manual_seed(0)
    net = nn.Sequential(
        layer.Conv2d(2, 4, 3, stride=4),
        neuron.IFNode(v_threshold=0.1),
        layer.Flatten(),
        layer.Linear(256, 10),
        neuron.LIFNode(v_threshold=0.1),
    )
    nir_exchange.export_to_nir(net, torch.rand(1, 2, 32, 32), tmp_path / "graph.nir")
    return tmp_path / "graph.nir"


def test_a_graph_is_found_and_takes_no_settings(graph: Path) -> None:
    """Relative to the suite's folder, with a digest of its content."""
    info = zoo.find("graph.nir", graph.parent)
    assert (info.name, info.file, info.parameters) == ("graph", graph, ())
    assert info.check({"T": 4}) == [("T", "graph has no setting 'T'; it has none")]
    assert zoo.holds_weights("graph.nir")


def _damaged(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def _scrambled(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[100:2000] = bytes(1900)
    file.write_bytes(content)


def _other(file: Path) -> None:
    nir.write(file, nir.Linear(weight=np.eye(3)))


def _hdf5(file: Path) -> None:
    import h5py

    with h5py.File(file, "w") as content:
        content["weights"] = np.eye(3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda file: file.unlink(), "no file .*graph.nir$"),
        (lambda file: file.write_text("{}"), "is no NIR graph: not an HDF5 file$"),
        (lambda file: file.write_bytes(b""), "is no NIR graph: not an HDF5 file$"),
        (_damaged, r"graph.nir: damaged, HDF5 cannot read it \("),
        (_scrambled, r"graph.nir: damaged, HDF5 cannot read it \("),
        (_hdf5, "is no NIR graph: it has no node$"),
        (_other, "is no NIR graph: it holds 'Linear' alone$"),
    ],
)
def test_what_is_no_graph_is_a_fault_of_the_suite(graph: Path, change: Any, said: str) -> None:
    """One sentence, with the line; nothing is run."""
    change(graph)
    with pytest.raises(ModelError, match=said) as caught:
        zoo.find(str(graph))
    assert "\n" not in str(caught.value)
    with pytest.raises(SuiteError) as faults:
        loader.parse(SUITE + "  - { id: a, model: graph.nir }", "s.yaml", graph.parent)
    (fault,) = faults.value.faults
    assert (fault.line, fault.path) == (7, "models[0].model")


def test_weights_that_are_damaged_are_one_sentence(graph: Path) -> None:
    """What only shows when the weights are read is no traceback either."""
    content = bytearray(graph.read_bytes())
    content[-3000:] = bytes(3000)
    graph.write_bytes(content)
    with pytest.raises(ModelError, match=r"damaged|cannot be read by nir") as caught:
        zoo.build(str(graph), {}, steps=2)
    assert "\n" not in str(caught.value)


def test_settings_beside_a_graph_are_a_fault(graph: Path) -> None:
    """Those of a matrix as well."""
    text = SUITE + "  - { id: a, model: graph.nir, set: { T: 4 } }"
    with pytest.raises(SuiteError, match=r"models\[0\]\.set\.T: graph has no setting 'T'"):
        loader.parse(text, "s.yaml", graph.parent)
    text = SUITE + "  - { id: a, model: graph.nir, matrix: { T: [1, 2] } }"
    with pytest.raises(SuiteError, match="graph has no setting 'T'"):
        loader.parse(text, "s.yaml", graph.parent)


def test_what_reads_graphs_is_named_where_it_is_missing(
    graph: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence is the command that installs it."""
    real = util.find_spec
    monkeypatch.setattr(
        nir_graph, "find_spec", lambda name: None if name == "nirtorch" else real(name)
    )
    with pytest.raises(ModelError, match=r"need nirtorch: pip install 'benchbench\[frameworks\]'"):
        zoo.find(str(graph))


def test_another_importer_is_another_model(graph: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So is another content; another place is the same."""
    code = zoo.closure("graph.nir", graph.parent)
    assert code == {"": graph}
    before = zoo.identity(code)
    copy = graph.with_name("copy.nir")
    copy.write_bytes(graph.read_bytes())
    assert zoo.identity(zoo.closure(str(copy))) == before
    copy.write_bytes(graph.read_bytes() + b" ")
    assert zoo.identity({"": copy}) != before
    real = nir_graph.version_of
    monkeypatch.setattr(nir_graph, "version_of", lambda package: real(package) + "+1")
    assert zoo.identity(code) != before


def test_looking_at_a_graph_loads_no_torch(graph: Path) -> None:
    """`validate` stays light."""
    code = (
        "import sys; from benchbench import zoo; "
        f"zoo.find({str(graph)!r}); sys.exit('torch' in sys.modules or 'nir' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_a_suite_of_graphs(graph: Path) -> None:
    """On events [T, N, ...]; and trained on data that a function of another file gives."""
    (graph.parent / "own.py").write_text(OWN)
    (graph.parent / "s.yaml").write_text(f"{SUITE}  - {EVENTS}\n  - {STILL}\n")
    command = [sys.executable, "-m", "benchbench", "run", "s.yaml", "--out", "out"]
    done = subprocess.run(command, cwd=graph.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (results,) = graph.parent.glob("out/graphs/*/results.json")
    cells = {cell["model"]: cell for cell in json.loads(results.read_text())["cells"]}
    for name, steps in (("events", 8), ("still", 3)):
        cell = cells[name]
        assert cell["facts"]["T"] == str(steps)
        assert cell["facts"]["NIR"].startswith("graph.nir, imported by spikingjelly 2")
        figures = cell["measurements"]
        assert figures["macs_dense"]["value"] == steps * (8 * 8 * 4 * 2 * 9 + 256 * 10)
        assert figures["synops_exact"]["value"] > 0
        assert figures["infer_fps"]["value"] > 0
    assert not [key for key in cells["still"]["facts"] if "does not name" in key]
