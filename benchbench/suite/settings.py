"""How a cell is run and measured, as a suite file says it. Frozen; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

from benchbench.backends import (
    Backend,
    Execution,
    MemoryFormat,
    Precision,
)
from benchbench.suite.training import Train  # noqa: TC001 - as above

__all__ = ["HOW_MEASURED", "Settings", "TimedPhase"]

_STRICT = {"extra": "forbid"}  # an unknown key is a fault, not a surprise

MOST_S = 2_000_000  # 23 days: the kernel's timers take no more than 24
MOST_REPEATS, MOST_THREADS, MOST_GIB = 10_000, 4096, 1 << 20  # beyond, a value is a mistake

TimedPhase = Literal["infer", "train", "latency"]

HOW_MEASURED = (
    *("repeats", "window_s", "window_iterations", "warmup_s", "warmup_iterations", "warmup_cap_s"),
    *("steady_percent", "idle_s", "time_limit_s", "memory_limit_gib", "meter"),
)
"""Settings of how long, how often and by what is measured, which change nothing of what is."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How a cell is run and measured.

    >>> import benchbench
    >>> benchbench.Settings(batch_size=32, window_s=2.0).repeats
    5

    Attributes:
        batch_size: Samples per step.
        seed: Seeds weights, data order and dropout.
        backend: How a model is executed: ``native``, ``compiled``, ``fused`` or ``events``, see
            ``benchbench list backends``. ``auto`` is native where something is timed; a training of
            a thousand steps and more takes the fastest that is proven to compute the same. Counts
            are always of the native model.
        precision: ``32``, or ``bf16`` for matrix products in bfloat16; ``auto`` is 32, and bf16 in
            such a training where the device has units for it.
        memory_format: Order of the axes of images in memory, ``contiguous`` or ``channels_last``;
            ``auto`` is what suits the backend.
        phases: What is timed, in this order (inference first, so that its peak memory is its own);
            ``latency`` is the inference of one sample at a time.
        repeats: Fresh processes per cell; each gives one window per phase. 0 times nothing.
        window_s: Length of a timed window, seconds.
        window_iterations: Least number of iterations in a window.
        warmup_s: Least length of the warm-up, seconds.
        warmup_iterations: Least number of iterations of the warm-up.
        warmup_cap_s: When a warm-up that finds no steady state ends, seconds.
        steady_percent: Spread of the last three warm-up blocks that counts as steady; by default
            1 on a GPU and 5 on a CPU.
        idle_s: Length of each idle baseline, seconds (only where there is a meter).
        train: How each model is trained before it is measured; None for no training. In ``quick``
            and ``publish`` only the keys that differ.
        train_steps: Optimizer steps before spikes are counted on a model that was not trained:
            untrained spiking heads are silent.
        images: Number of images that spikes are counted on.
        learning_rate: Learning rate of Adam.
        label_smoothing: Label smoothing of the targets.
        time_limit_s: Time after which a worker is killed, seconds.
        memory_limit_gib: Memory limit of a worker on the CPU; by default 90 % of what is available.
        threads: Threads of torch on the CPU; by default torch's own choice.
        meter: ``auto``, ``none``, ``rapl``, ``jetson``, ``jetson:<rail>``,
            ``nvml:<index or UUID>``, ``amd``, ``amd:<index>``, ``apple``, or one outside of the
            machine: ``command:<command>`` that prints, or ``external:<file>`` that gets, lines of
            a time stamp and watts.
        formulas: Parameters of formulas of modelled energy that are not their sources', by the
            formula's name, e.g. ``{movement: {hops: 1.0}}``; one that takes long (``neuromc``,
            ``spikesim_dense``, ``spikesim_event``) is asked where it is named, ``{neuromc: {}}``.
    """

    batch_size: Annotated[int, Ge(1)] = 16
    seed: Annotated[int, Ge(0)] = 0
    backend: Literal[Backend, "auto"] = "auto"
    precision: Literal[Precision, "auto"] = "auto"
    memory_format: Literal[MemoryFormat, "auto"] = "auto"
    phases: tuple[TimedPhase, ...] = ("infer", "train")
    repeats: Annotated[int, Ge(0), Le(MOST_REPEATS)] = 5
    window_s: Annotated[float, Gt(0), Le(MOST_S)] = 10.0
    window_iterations: Annotated[int, Ge(1)] = 32
    warmup_s: Annotated[float, Ge(0), Le(MOST_S)] = 5.0
    warmup_iterations: Annotated[int, Ge(1)] = 10
    warmup_cap_s: Annotated[float, Gt(0), Le(MOST_S)] = 120.0
    steady_percent: Annotated[float, Gt(0)] | None = None
    idle_s: Annotated[float, Ge(0), Le(MOST_S)] = 10.0
    train: Train | None = None
    train_steps: Annotated[int, Ge(0)] = 30
    images: Annotated[int, Ge(1)] = 128
    learning_rate: Annotated[float, Gt(0)] = 1e-3
    label_smoothing: Annotated[float, Ge(0), Le(1)] = 0.1
    time_limit_s: Annotated[float, Gt(0), Le(MOST_S)] = 900.0
    memory_limit_gib: Annotated[float, Gt(0), Le(MOST_GIB)] | None = None
    threads: Annotated[int, Ge(1), Le(MOST_THREADS)] | None = None
    meter: str = "auto"
    formulas: dict[str, dict[str, Annotated[float, Ge(0)]]] = field(default_factory=dict)

    __pydantic_config__: ClassVar[Any] = _STRICT

    @property
    def execution(self) -> Execution:
        """How a model is executed where it is timed."""
        return Execution.of(self.backend, self.precision, self.memory_format)
