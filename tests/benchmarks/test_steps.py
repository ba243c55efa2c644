"""The zoo's own steps under pytest-benchmark: `pytest tests/benchmarks --benchmark-enable`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from benchbench.pytest_plugin import ModelBenchmark

SHORT = {"batch_size": 2, "threads": 1, "window_s": 0.5, "warmup_s": 0.5, "warmup_cap_s": 5.0}


@pytest.mark.parametrize("phase", ["infer", "train"])
@pytest.mark.parametrize(("model", "settings"), [("conv_snn", {"T": 2}), ("shallow_cnn", {})])
def test_step(
    benchmark_model: ModelBenchmark, model: str, settings: dict[str, Any], phase: Any
) -> None:
    """A step runs, and its counts stand beside its time."""
    info = benchmark_model(model, phase=phase, set=settings, **SHORT)
    assert info["macs_dense"] > 0
    if model == "conv_snn":
        assert info["synops_exact"] > 0
