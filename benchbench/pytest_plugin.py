"""A fixture for pytest-benchmark that times a model's step as benchbench does.

Pytest loads this file through an entry point wherever benchbench is installed: it imports no torch
until the fixture is used. What it needs besides is in the extra ``pytest``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_benchmark.fixture import BenchmarkFixture

__all__ = ["ModelBenchmark", "benchmark_model"]

ROUNDS = 5  # ours


@pytest.fixture
def benchmark_model(benchmark: BenchmarkFixture) -> ModelBenchmark:
    """Times a step of a model, in pytest-benchmark's own statistics.

    ``benchmark_model("conv_snn", phase="train", set={"T": 4})`` builds the model with seeded
    weights, warms up until its pace is steady, and times windows of several steps each, the clock
    read at their ends alone. ``extra_info`` then has ``fps``, parameters, mult-adds and spikes, and
    what really ran.
    """
    return ModelBenchmark(benchmark)


@dataclass(frozen=True, slots=True)
class ModelBenchmark:
    """What the fixture `benchmark_model` hands to a test.

    Attributes:
        benchmark: pytest-benchmark's own fixture.
    """

    benchmark: BenchmarkFixture

    def __call__(  # noqa: PLR0913 - each is a key of a suite
        self,
        model: str | Callable[..., Any],
        *,
        phase: Literal["infer", "train"] = "infer",
        set: Mapping[str, Any] | None = None,  # noqa: A002 - the name that suites have for it
        folder: Path | None = None,
        device: str = "cpu",
        spiking: Sequence[str] = (),
        reset: str = "",
        steps: int | None = None,
        **settings: Any,  # noqa: ANN401 - whatever `Settings` takes
    ) -> dict[str, Any]:
        """Time a step.

        Args:
            model: A name of the zoo, ``path/to/file.py:function`` or ``package.module:function``;
                a function that gives a ``torch.nn.Module``; or one itself: a copy is timed.
            phase: ``infer`` or ``train``.
            set: Settings of the model.
            folder: Where a relative path starts; the working folder by default.
            device: ``cpu`` or ``cuda:<index>``.
            spiking: Names of modules or classes that are spiking neurons, with wildcards.
            reset: The model's own method that resets its state.
            steps: Time steps of one sample; found by default.
            settings: Fields of `benchbench.suite.schema.Settings`: ``batch_size``, ``threads`` ...

        Returns:
            What was put into ``extra_info``.

        Raises:
            ModelError: There is no such model, or it has no such setting.
            SuiteError: There is no such setting of the run, or it has another type.
            BenchbenchError: There is no such phase.
        """
        from benchbench.frameworks import Neurons  # noqa: PLC0415 - see below
        from benchbench.worker import in_process  # noqa: PLC0415 - torch, only where it is used

        place, neurons = (folder or Path()).resolve(), Neurons.told(spiking, reset, steps)
        step = in_process.prepare(model, phase, set or {}, place, device, settings, neurons)
        info: dict[str, Any] = self.benchmark.extra_info
        info |= step.info
        benchmark: Any = self.benchmark  # ships no types
        if benchmark.disabled:  # it is run once, and nothing is timed
            benchmark.pedantic(step.run)
            return info
        pace = step.warm_up()
        steps = max(1, math.ceil(step.settings.window_s / ROUNDS / pace.step_s))
        benchmark.pedantic(step.run, rounds=ROUNDS, iterations=steps)
        info["fps"] = step.settings.batch_size / benchmark.stats.stats.mean
        info["steady"] = pace.steady
        return info
