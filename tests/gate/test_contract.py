"""What a gate and the revisions that it compares agree on: orders, and imports old and new."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchbench.data.reference import DataRef
from benchbench.gate import against, contract, exact_counts
from benchbench.gate.against import GateRequest
from benchbench.gate.process import AGENT
from benchbench.running.child import Child
from benchbench.running.plan import RunRequest
from benchbench.suite import loader
from benchbench.suite.schema import Model, Suite

FLAT = {
    "steps.py": "def batches_of(): return 'flat'\ndef loss_of(): return 'flat'\n",
    "probes/size.py": "def measure(model): return ['flat', model]\n",
}
ROOMS = {
    "data/batches.py": "def batches_of(): return 'rooms'\n",
    "training/loss.py": "def loss_of(): return 'rooms'\n",
    "backends/native.py": "def training_step(): return 'rooms'\n",
    "probes/size.py": "def measure(model):\n    yield 'rooms'\n    yield model\n",
}
BY_PATH = f"""
import importlib.util, json, sys
spec = importlib.util.spec_from_file_location("by_path", {contract.__file__!r})
contract = importlib.util.module_from_spec(spec)
spec.loader.exec_module(contract)
assert not {{"benchbench", "torch"}} & set(sys.modules)
found = {{}}
for name in contract.IMPORTS:
    try:
        found[name] = contract.taken(name)
    except Exception as error:
        found[name] = f"{{type(error).__name__}}: {{error}}"
"""


def tree(root: Path, files: dict[str, str]) -> Path:
    """A side's source tree with a package of these files."""
    for name, text in files.items():
        file = root / "benchbench" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for folder in {file.parent for file in (root / "benchbench").rglob("*.py")}:
        (folder / "__init__.py").touch()
    (root / "benchbench" / "__init__.py").touch()
    return root


def in_tree(root: Path, code: str) -> Any:
    """What some lines print as JSON, after the contract was loaded by its path in that tree."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", BY_PATH + code],
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("files", "layout"), [(FLAT, "flat"), (ROOMS, "rooms")])
def test_either_layout_is_taken(tmp_path: Path, files: dict[str, str], layout: str) -> None:
    """The flat one and the one with rooms, whether a probe returns its figures or yields them."""
    code = (
        "size = list(found['size']('m'))\n"
        "print(json.dumps([found['batches_of'](), found['loss_of'](), size]))"
    )
    assert in_tree(tree(tmp_path, files), code) == [layout, layout, [layout, "m"]]


def test_the_newer_place_is_taken_where_both_are(tmp_path: Path) -> None:
    """A module that is left over beside the new one is not imported."""
    root = tree(tmp_path, FLAT | ROOMS)
    assert in_tree(root, "print(json.dumps(found['loss_of']()))") == "rooms"


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Every place that was looked at; a module of the name is no function."""
    root = tree(tmp_path, FLAT | {"zoo/build.py": "", "zoo/__init__.py": ""})
    (root / "benchbench" / "zoo" / "__init__.py").write_text("from benchbench.zoo import build\n")
    build, step = in_tree(root, "print(json.dumps([found['build'], found['training_step']]))")
    assert (
        build == "ImportError: 'build' is missing in this tree, which has no benchbench.zoo:build"
    )
    assert step == (
        "ImportError: 'training_step' is missing in this tree, which has no "
        "benchbench.backends.native:training_step or benchbench.steps:training_step"
    )


def test_a_module_that_cannot_import_is_not_passed_over(tmp_path: Path) -> None:
    """Its own reason is told, not the place of an older layout."""
    root = tree(tmp_path, FLAT | {"training/loss.py": "import no_such_package\n"})
    loss = in_tree(root, "print(json.dumps(found['loss_of']))")
    assert loss == "ModuleNotFoundError: No module named 'no_such_package'"


@pytest.mark.parametrize(("version", "words"), [(None, "none"), (1, "version 1"), (2, "version 2")])
def test_an_order_of_another_version_is_refused(version: int | None, words: str) -> None:
    """The sentence has both versions and what to do."""
    order = contract.order_of("hello") | {"version": version}
    with pytest.raises(ValueError, match=f"version 3, and this one has {words}: gate and agent"):
        contract.check(order)
    contract.check(contract.order_of("hello"))


def test_an_agent_refuses_an_order_of_another_version(tmp_path: Path) -> None:
    """It answers with a failure and waits for the next order."""
    command = [sys.executable, "-P", str(AGENT), str(tmp_path), str(tmp_path / "other")]
    with Child(command, tmp_path / "log") as agent:
        for _ in range(2):
            agent.send({"version": 2, "do": "hello"})
            failure = next(agent.messages(time.monotonic() + 60))["failure"]
            assert failure["status"] == "error"
            assert failure["reason"].startswith(
                "ValueError: this agent expects orders of version 3"
            )


def test_the_places_of_this_tree_are_the_newest() -> None:
    """What is taken today stands first in the table, so that an older one can follow it."""
    for name, places in contract.IMPORTS.items():
        module, _, attribute = places[0].partition(":")
        assert contract.taken(name) is getattr(importlib.import_module(module), attribute)


def test_the_workload_part_is_plain_json(tmp_path: Path) -> None:
    """Nothing of ours is in it, and the drawn faces are asked for by their name."""
    suite, _ = loader.load("gate")
    model, data = suite.models[0], DataRef("synthetic_faces", "d", 7, 0)
    part = contract.workload_part(suite, model, data, tmp_path, "cpu")
    assert json.loads(json.dumps(part)) == part
    assert part["data"]["source"] == part["faces"]["source"] == "synthetic_faces"
    real = replace(data, source="ferplus:/faces,/votes.csv")
    part = contract.workload_part(suite, model, real, tmp_path, "cpu")
    assert part["data"]["source"] == "ferplus:/faces,/votes.csv"
    older = {"source": "/faces", "seed": 0, "labels": "ferplus", "ferplus": "/votes.csv"}
    assert part["faces"] == older
    own = replace(data, source="/a/b.py:data", set={"n": 3}, time="first")
    part = contract.workload_part(suite, model, own, tmp_path, "cpu")
    wanted = {
        "source": "/a/b.py:data",
        "set": {"n": 3},
        "time": "first",
        "classes": None,
        "seed": 0,
    }
    assert (part["data"], part["faces"]) == (wanted, None)


def test_a_probe_that_a_side_lacks_costs_its_own_figures_alone() -> None:
    """The others are still counted, and the reason is the contract's sentence."""
    import torch
    from torch import nn

    def taken(name: str) -> Any:
        if name == "spikes":
            raise ImportError("'spikes' is missing")
        return contract.taken(name)

    def build() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 2))

    found = exact_counts.counts(
        build,
        lambda _model, _phase: lambda: None,
        [torch.rand(2, 1, 2, 2)],
        (),
        ("params", "macs_dense", "synops_exact"),
        taken,
        lambda _: ({}, 0),
    )
    assert found["params"]["value"] == 10
    assert found["macs_dense"]["value"] == 8
    assert found["synops_exact"] == {
        "value": None,
        "reason": "ImportError: 'spikes' is missing",
        "detail": {},
    }


def test_a_suite_of_other_backends_is_told_what_is_played() -> None:
    """A gate plays native steps: whose revision may know no other way."""
    models = (Model("a", "m.py:a"), Model("b", "m.py:b", backend="fused"))
    asked = GateRequest(RunRequest("s"), "HEAD", "reuse", ())
    suite = Suite(1, "s", models)
    told = against._notes(suite, replace(asked, environment="own"), Path(), Path())
    assert told == ["played natively in float32, not as the suite executes: b"]
