"""Data that a function of the repository gives: each side of a gate asks its own tree's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchbench.data import placed
from benchbench.data.reference import DataRef
from benchbench.errors import SideError
from benchbench.gate.against import _in_base
from benchbench.gate.process import AgentProcess, Side
from benchbench.gate.workloads import workloads_of
from benchbench.suite import loader

if TYPE_CHECKING:
    from pathlib import Path

MINE = """
import torch
from torch import nn

def net():
    return nn.Sequential(nn.Linear(4, 2))

def data():
    return {"train": (torch.rand(40, 4), torch.randint(2, (40,)))}
"""
SUITE = """benchbench: 1
name: mine
data: my.py:data
settings: { threads: 1, phases: [infer] }
models:
  - { id: m, model: "my.py:net" }
"""


@pytest.mark.slow
@pytest.mark.parametrize("moved", [True, False])
def test_the_base_loads_data_from_its_own_tree(tmp_path: Path, *, moved: bool) -> None:
    """By the candidate's path it would run the candidate's code, which is refused."""
    root, tree = tmp_path / "repository", tmp_path / "base"
    for side in (root, tree):
        side.mkdir()
        (side / "my.py").write_text(MINE)
    suite = loader.parse(SUITE, "mine.yaml", root)
    ours = DataRef(placed("my.py:data", root), "d", 2, 0)
    theirs = _in_base(ours, root, tree) if moved else ours
    sides = Side("base", tree, root), Side("candidate", root, tree)
    data = {"base": {"m": theirs}, "candidate": {"m": ours}}
    folders = {"base": tree, "candidate": root}
    (workload,) = workloads_of(suite, folders, sides, "cpu", data)
    assert str(root) in str(workload.parts["candidate"]["data"]["source"])
    given = {"workload": workload.parts["base"], "phase": "infer", "warmup_s": 0.0}
    with AgentProcess(sides[0], tmp_path / "log", 120.0) as process:
        process.ask("hello", threads=1, cores=[0])
        if moved:
            assert process.ask("open", **given)
            assert process.outside == set()
        else:
            with pytest.raises(SideError, match=r"the base loads .* the other side's tree"):
                process.ask("open", **given)


def test_what_is_no_code_of_the_repository_stays_where_it_is(tmp_path: Path) -> None:
    """Names, modules, files of data, and functions that lie elsewhere are of both sides alike."""
    root, tree = tmp_path / "repository", tmp_path / "base"
    moved = DataRef(f"{root}/sub/my.py:data", "d", 2, 0)
    assert _in_base(moved, root, tree).source == f"{tree}/sub/my.py:data"
    for source in (
        "synthetic_faces",
        "package.module:data",
        f"{root}/data.npz",
        f"{tmp_path}/elsewhere/my.py:data",
    ):
        reference = DataRef(source, "d", 2, 0)
        assert _in_base(reference, root, tree) == reference
