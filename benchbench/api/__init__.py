"""What Python users and the command line call. Nothing is printed here."""

from __future__ import annotations

from benchbench.api.clusters import merge, run_in_parts
from benchbench.api.comparisons import compare, load
from benchbench.api.counts import count, count_in_worker
from benchbench.api.drawings import draw_figures
from benchbench.api.gates import gate_result, gate_revision, update_baseline
from benchbench.api.histories import history
from benchbench.api.looks import check_data, doctor, energy
from benchbench.api.runs import asked_for, carried_out, run, setting
from benchbench.api.trainings import train

__all__ = [
    "asked_for",
    "carried_out",
    "check_data",
    "compare",
    "count",
    "count_in_worker",
    "doctor",
    "draw_figures",
    "energy",
    "gate_result",
    "gate_revision",
    "history",
    "load",
    "merge",
    "run",
    "run_in_parts",
    "setting",
    "train",
    "update_baseline",
]
