"""Damaged suites: what validates is what the file says, and can be planned, kept and reported."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from of_results import JOURNALS
from outcomes import Outcome, said, shown_whole
from ruamel.yaml import YAML

from benchbench.codec import plain, restored
from benchbench.errors import SuiteError
from benchbench.results.aggregate import aggregated
from benchbench.results.journal import SCHEMA_VERSION
from benchbench.suite import loader
from benchbench.suite.schema import Suite

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["SUITES", "suite"]

RICH = """benchbench: 1
name: rich
title: Everything that a suite can say
source: "a paper, 2024"
data: {source: "input:3x8x8", classes: 4}
settings: {batch_size: 4, repeats: 2, window_s: 0.5, time_limit_s: 60, meter: none,
           train: {epochs: 2, stdp: {tau: 3.0}, slim: {ratio: 0.5}}}
quick: {repeats: 1, window_s: 0.1}
publish: {window_s: 30}
gate: {threshold_percent: 3, thresholds_percent: {latency: 5.0}}
models:
  - {id: snn, model: conv_snn, label: "SNN", set: {T: 4}, matrix: {batch_size: [1, 2]}}
  - id: cnn
    model: cnn3
    note: One sentence.
    train: {epochs: 1, minutes: 0.5}
  - {id: own, model: shallow_cnn, data: digits, output: logits, steps: 3}
distribution: {title: Data, paper: {happy: 10, sad: 0}}
tables:
  - title: Table 1
    ratio: [cnn, own]
    rows:
      - {metric: params, title: Params, paper: {cnn: 2.5, own: 1.0}, unit: M, scale: 1.0e-6,
         decimals: 2, tolerance_percent: 1, cited: {cnn: "[7]"}, printed: {own: "1 M"}}
      - {metric: infer_fps, paper: {cnn: 100, own: 50}}
figures:
  - {title: F, x: {metric: params, log: true}, y: {metric: infer_fps}, lines: {all: [cnn, own]}}
claims:
  - {text: "Small.", recomputed: "2.5 x", verdict: ambiguous,
     measure: {metric: params, of: cnn, to: own}}
"""
SUITES = [RICH, *(file.read_text("utf-8") for file in loader.bundled_suites().values())]


def suite(content: bytes, folder: Path) -> Outcome:
    """What is accepted is all that its text says."""
    file = folder / "suite.yaml"
    file.write_bytes(content)
    try:
        found, _ = loader.load(str(file))
    except SuiteError as error:
        return said(error)
    stored_text = json.dumps(plain(found), allow_nan=False)
    assert restored(Suite, json.loads(stored_text)) == found
    told = YAML(typ="safe", pure=True).load(content.decode())
    assert (found.name, found.title) == (told["name"], told.get("title", ""))
    _same(told.get("settings", {}), plain(found.settings))
    for model, given in zip(found.models, told.get("models", ()), strict=False):
        if any("matrix" in it for it in told["models"]):
            break
        _same({key: it for key, it in given.items() if key not in {"data", "input"}}, plain(model))
    assert (folder / "reports" / found.name).resolve().parent == folder.resolve() / "reports"
    for mode in ("full", "quick", "publish"):
        shown_whole(aggregated([_header(found.with_mode(mode), mode)]))  # type: ignore[arg-type]
    return "accepted"


def _same(told: Any, found: Any) -> None:
    """Everything that a file says is what was read of it."""
    if isinstance(told, dict):
        for key, value in told.items():
            _same(value, found[key])
    elif isinstance(told, list):
        for value, it in zip(told, found, strict=True):
            _same(value, it)
    else:
        assert told == found, f"{told!r} was read as {found!r}"
        assert isinstance(told, bool) == isinstance(found, bool)


def _header(suite: Suite, mode: str) -> dict[str, Any]:
    """The first line of the journal of a run of which nothing was done."""
    header: dict[str, Any] = json.loads((JOURNALS[0]).split(b"\n")[0])
    header.pop("sha256", None)
    cells = [{"id": m.id, "model": m.id, "device": "cpu", "jobs": 3} for m in suite.models]
    run = {**header["run"], "mode": mode}
    return {**header, "schema": SCHEMA_VERSION, "run": run, "suite": plain(suite), "cells": cells}
