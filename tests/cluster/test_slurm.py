"""Suites by a real Slurm of two nodes: nothing finished is lost, every failure is a row."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conftest import Cluster

pytestmark = pytest.mark.cluster

SIX = ["a", "b", "c", "d", "e", "f"]


def rows(result: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What a run has by model and figure: the value where it is counted, and how it was got."""
    return {
        (cell["model"], name): (
            cell["status"],
            it["method"],
            it["n"],
            it["value"] if it["method"] == "counted" else it["value"] is None,
        )
        for cell in result["cells"]
        for name, it in cell["measurements"].items()
    }


def facts(result: dict[str, Any], key: str) -> dict[str, str]:
    """A fact of each model."""
    return {cell["model"]: cell["facts"][key] for cell in result["cells"] if key in cell["facts"]}


def test_six_models_over_two_nodes_are_the_rows_of_a_local_run(cluster: Cluster) -> None:
    """Counts are spread, all rounds are of one node, and the rows are those of one machine."""
    cluster.suite(SIX, repeats=2)
    cluster.run("--on", "slurm")
    found = cluster.result()
    assert found["run"]["complete"]
    assert {*facts(found, "counted on").values()} == {"n1", "n2"}
    assert len({*facts(found, "timed on").values()}) == 1
    for job, _, _ in cluster.queue().values():  # the cluster's own limit, not submitit's
        assert "TimeLimit=UNLIMITED" in cluster.asked("scontrol", "show", "job", job)
    orders = [it for it in cluster.journal() if it["kind"] == "job" and it["task"] == "time"]
    assert [it["repeat"] for it in orders] == [0] * 6 + [1] * 6  # interleaved, as they are here
    cluster.run("--out", "here")
    assert rows(found) == rows(cluster.result("here"))


def test_a_killed_submitter_is_taken_up(cluster: Cluster) -> None:
    """The same command attaches to the jobs that wait or run, and starts none of them again."""
    cluster.suite(["a", "b", "c"], repeats=1, held=("a", "b"))
    first = cluster.start("--on", "slurm")
    cluster.wait_for(lambda: sum(it[1] == "RUNNING" for it in cluster.queue().values()) == 2)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    before = cluster.queue()
    for name in ("a", "b"):
        (cluster.folder / "held" / name).unlink()
    cluster.run("--on", "slurm")
    after = cluster.queue()
    assert {name: after[name][0] for name in before} == {n: it[0] for n, it in before.items()}
    found = cluster.result()
    assert found["run"]["complete"]
    assert [cell["status"] for cell in found["cells"]] == ["ok"] * 3
    assert len([*(cluster.folder / "reports" / "tiny").glob("*/journal.jsonl")]) == 1


def test_a_limit_and_a_cancelled_job_are_rows_and_the_same_command_goes_on(
    cluster: Cluster,
) -> None:
    """What was finished is kept, each failure has Slurm's reason, and both are done afterwards."""
    cluster.suite(["a", "slow", "gone"], repeats=0, held=("slow", "gone"))
    process = cluster.start("--on", "slurm", "--time", "1")
    cluster.wait_for(lambda: cluster.queue().get("cells-gone", ("", "", ""))[1] == "RUNNING")
    cluster.asked("scancel", cluster.queue()["cells-gone"][0])
    out, _ = process.communicate(timeout=200)
    assert process.returncode == 3, out
    found = cluster.result()
    assert not found["run"]["complete"]
    states = {cell["model"]: (cell["status"], *cell["reasons"]) for cell in found["cells"]}
    assert states["a"] == ("ok",)
    assert states["slow"][0] == "timeout"
    assert "was ended at its time limit of 00:01:00 (TIMEOUT)" in states["slow"][1]
    assert states["gone"][0] == "crash"
    assert "was cancelled (CANCELLED" in states["gone"][1]
    ids = {name: it[0] for name, it in cluster.queue().items()}
    for name in ("slow", "gone"):
        (cluster.folder / "held" / name).unlink()
    cluster.run("--on", "slurm")
    found = cluster.result()
    assert found["run"]["complete"]
    assert [cell["status"] for cell in found["cells"]] == ["ok"] * 3
    again = {name: it[0] for name, it in cluster.queue().items()}
    assert again["cells-a"] == ids["cells-a"]
    assert again["cells-slow"] != ids["cells-slow"]


def test_the_jobs_of_a_node_that_is_lost_end_on_the_other(cluster: Cluster) -> None:
    """Slurm queues them again, they take up their journals, and no cell is lost."""
    cluster.suite(["a", "b"], repeats=1, held=("a", "b"))
    process = cluster.start("--on", "slurm")
    cluster.wait_for(lambda: sum(it[1] == "RUNNING" for it in cluster.queue().values()) == 2)
    try:
        cluster.asked("scontrol", "update", "nodename=n2", "state=down", "reason=x")
        for name in ("a", "b"):
            (cluster.folder / "held" / name).unlink()
        out, _ = process.communicate(timeout=200)
    finally:
        cluster.asked("scontrol", "update", "nodename=n2", "state=resume")
    assert process.returncode == 0, out
    found = cluster.result()
    assert found["run"]["complete"]
    assert [cell["status"] for cell in found["cells"]] == ["ok", "ok"]
    assert {*facts(found, "timed on").values()} == {"n1"}


def test_the_spread_between_nodes_is_an_interval_of_its_own(cluster: Cluster) -> None:
    """Two nodes time all models, each by itself; the tables are of one, the rest stands beside."""
    cluster.suite(["a", "b"], repeats=2)
    out = cluster.run("--on", "slurm", "--nodes", "2")
    found = cluster.result()
    timed = facts(found, "timed on")
    assert {name: sorted(it.split(" and ")) for name, it in timed.items()} == {
        "a": ["n1", "n2"],
        "b": ["n1", "n2"],
    }
    figure = found["cells"][0]["measurements"]["infer_fps"]
    assert figure["n"] == 2
    assert len(figure["detail"]["places"]) == 1
    assert "Spread between nodes" in out


def test_ctrl_c_cancels_the_jobs_where_that_is_asked_for(cluster: Cluster) -> None:
    """With --cancel nothing is left in the queue; without it the jobs go on."""
    cluster.suite(["a", "b"], repeats=0, held=("a", "b"))
    for words, state in (((), "RUNNING"), (("--cancel",), "CANCELLED")):
        process = cluster.start("--on", "slurm", *words)
        cluster.wait_for(lambda: sum(it[1] == "RUNNING" for it in cluster.queue().values()) == 2)
        assert process.stdout is not None
        process.stdout.readline()  # how much there is to do: it watches now
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 130, out
        cluster.wait_for(
            lambda state=state: all(it[1].startswith(state) for it in cluster.queue().values())
        )
    ledger = next((cluster.folder / "reports" / "tiny").glob("*/jobs.json"))
    assert {*json.loads(ledger.read_text())} == {"cells-a", "cells-b"}
