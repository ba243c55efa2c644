"""The energy of a block of anybody's code, in this process."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from benchbench.display.displayable import Displayable
from benchbench.meters import Meter, open_meter
from benchbench.probes import energy_metered
from benchbench.probes.metering.memory import ENERGY_DRAM
from benchbench.probes.metering.protocol import Idle, begin
from benchbench.probes.metering.sampler import Watch
from benchbench.probes.metering.window import Window

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from benchbench.metrics.measurement import Provenance
    from benchbench.probes.metering.protocol import Start

__all__ = ["BlockEnergy", "EnergyBlock"]

RUNNING = "the block has not ended yet"
NO_IDLE = "a block has no idle baseline"


@dataclass(frozen=True, slots=True)
class BlockEnergy:
    """What one run of a block took.

    Attributes:
        joules: Energy of the device over the block, idle included, joules; None where there is
            none.
        watts: Its mean power, watts.
        seconds: Length of the block, seconds.
        bound_j: Most that `joules` may be off by, joules: what the counter's steps leave open at
            both ends, and what the sensor itself may be off by.
        memory_joules: The part of `joules` that the memory drew, joules; None where the sensor has
            no counter of it.
        valid: Whether it may be compared.
        reasons: Why there is no value, why it is not valid, or what to know when reading it.
        sensor: Name of the sensor.
        provenance: ``simulated`` where the sensor is not a real one.
        detail: What stands behind it.
    """

    joules: float | None
    watts: float | None
    seconds: float
    bound_j: float | None
    memory_joules: float | None
    valid: bool
    reasons: tuple[str, ...]
    sensor: str
    provenance: Provenance
    detail: Mapping[str, Any] = field(default_factory=dict, repr=False)


class EnergyBlock(Displayable):
    """Measures what runs inside ``with``; after it, the figures of the last run are its own.

    Blocks may be nested, each with an object of its own, and one object may be used again and
    again; `runs` has every one. A block must be some update periods of its sensor long, a few
    tenths of a second: a shorter one has no value, and says so.

    Attributes:
        runs: Every run of the block, the last one last.
    """

    def __init__(self, meter: str | Meter = "auto", device: str = "auto") -> None:
        """Say what is read; nothing is opened before the block starts.

        Args:
            meter: Selector of a sensor, as a suite's ``meter``, or a meter that is open already.
            device: Compute device whose sensor ``auto`` takes: ``cpu``, ``cuda:<index>``, or
                ``auto`` for the GPU that this process uses, where it uses one.
        """
        self._asked, self._wanted = meter, device
        self._open: _Open | None = None
        self.runs: tuple[BlockEnergy, ...] = ()

    def __enter__(self) -> Self:
        """Wait for a step of the counter, then start.

        Raises:
            RuntimeError: This very object is measuring already: a nested block needs its own.
            MeterError: There is no such selector.
        """
        if self._open is not None:
            raise RuntimeError("this block is measuring already: a nested one needs its own object")
        opened = _Open(self._asked, _device(self._wanted))
        opened.start()
        self._open = opened
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Measure to here, also where the block raised; then close the sensor."""
        started, self._open = self._open, None
        if started is not None:
            self.runs = (*self.runs, started.stop(kind))

    @property
    def last(self) -> BlockEnergy:
        """The last run that has ended; while the first one goes on, one without a value."""
        if self.runs:
            return self.runs[-1]
        return BlockEnergy(None, None, 0.0, None, None, False, (RUNNING,), "", "real")

    @property
    def joules(self) -> float | None:
        """Energy of the last run, joules; None where there is none."""
        return self.last.joules

    @property
    def watts(self) -> float | None:
        """Mean power of the last run, watts."""
        return self.last.watts

    @property
    def seconds(self) -> float:
        """Length of the last run, seconds."""
        return self.last.seconds

    @property
    def bound_j(self) -> float | None:
        """Most that `joules` may be off by, joules."""
        return self.last.bound_j

    @property
    def memory_joules(self) -> float | None:
        """The part of `joules` that the memory drew; None where the sensor does not tell it."""
        return self.last.memory_joules

    @property
    def valid(self) -> bool:
        """Whether the last run may be compared."""
        return self.last.valid

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why there is no value, why it is not valid, or what to know when reading it."""
        return self.last.reasons

    @property
    def provenance(self) -> Provenance:
        """``simulated`` where the sensor is not a real one."""
        return self.last.provenance

    def _line(self) -> str:
        last = self.last
        if last.joules is None:
            return f"n/a: {'; '.join(last.reasons)!a}"
        words = [f"{last.joules:.4g} J +-{last.bound_j:.2g}", f"{last.watts:.4g} W"]
        if last.memory_joules is not None:
            words += [f"{last.memory_joules:.4g} J of it memory"]
        words += [f"{last.seconds:.3g} s", f"{last.sensor!a}"]
        words += [] if last.valid else ["invalid"]
        words += ["simulated"] if last.provenance == "simulated" else []
        return ", ".join(words)


class _Open:
    """A block that is being measured."""

    def __init__(self, meter: str | Meter, device: str) -> None:
        self._own = not isinstance(meter, Meter)  # what the caller opened, the caller closes
        self._device = device
        self.meter = meter if isinstance(meter, Meter) else _opened(meter, device)
        self._watch = Watch(self.meter)
        self._start: Start | None = None
        self._start_s = 0.0

    def start(self) -> None:
        _wait_for(self._device)
        self._watch.start()
        self._start = begin(self.meter)
        self._start_s = self.meter.now_s()

    def stop(self, raised: type[BaseException] | None) -> BlockEnergy:
        _wait_for(self._device)
        meter = self.meter
        window = Window("infer", 1, 1, self._start_s, meter.now_s())
        try:
            if self._start is None:
                raise RuntimeError("the block was never started")
            ended = energy_metered.finish(
                meter, self._start, window, Idle(None, NO_IDLE), meter.now_s, self._watch.stop
            )
        finally:
            if self._own:
                meter.close()
        figures = {figure.name: figure for figure in ended.figures}
        energy = figures[energy_metered.ENERGY["infer"].name]
        power = figures[energy_metered.POWER["infer"].name]
        memory = figures[ENERGY_DRAM["infer"].name]
        reasons = energy.reasons
        if raised is not None:
            reasons = (*reasons, f"the block ended early: it raised {raised.__name__}")
        if meter.memory and memory.value is None and energy.value is not None:
            reasons = (*reasons, *memory.reasons)
        bound_j = None
        if energy.value is not None:
            bound_j = energy.detail["edge_error_j"] + energy.detail["systematic_j"]
        return BlockEnergy(
            energy.value,
            power.value,
            window.seconds,
            bound_j,
            memory.value,
            energy.valid,
            reasons,
            meter.name,
            meter.provenance,
            energy.detail,
        )


def _opened(selector: str, device: str) -> Meter:
    if not device.startswith("cuda"):
        return open_meter(selector, device, None)
    import torch

    from benchbench.fingerprint import gpu_uuid

    return open_meter(selector, device, gpu_uuid(torch.device(device)))


def _device(wanted: str) -> str:
    """The compute device; torch is asked where it is loaded, and never imported to be asked."""
    torch = sys.modules.get("torch")
    if wanted != "auto":
        return wanted
    return "cuda" if torch is not None and torch.cuda.is_initialized() else "cpu"


def _wait_for(device: str) -> None:
    """Wait until the device has finished what it was given."""
    torch = sys.modules.get("torch")
    if torch is not None and device.startswith("cuda"):
        torch.cuda.synchronize(torch.device(device))
