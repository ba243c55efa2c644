"""What this machine can measure: every sensor tried, its update period, and what would help."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.errors import MeterError
from benchbench.meters import jetson, powercap, rapl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchbench.meters import Meter

__all__ = ["Finding", "Sensor", "examine"]

LOOK_S = 2.0  # ours: at least twenty steps of a counter that moves every 100 ms
POLLS_S = (0.2, 0.002)  # ours: seldom and often, for the self-test
BUSY_LOAD = 0.2  # ours: load per processor above which a baseline is not idle
SELF_TEST = 0.02  # ours: rise of power by polling that is told


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was asked, what was found, what would help."""

    what: str
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Sensor:
    """One sensor.

    Attributes:
        name: What it is.
        selector: How a suite asks for it: ``meter: <selector>``.
        usable: Whether it gives energy.
        simulated: Whether it is not a real one.
        update_s: Time between two changes of its counter, median; None where it has none.
        polled_w: Power while it is read seldom and often; None where it gives none.
        findings: Each call or file.
    """

    name: str
    selector: str
    usable: bool
    simulated: bool = False
    update_s: float | None = None
    polled_w: tuple[float, float] | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """Everything that was found; ``to_json`` is what ``--json`` prints."""

    sensors: tuple[Sensor, ...]
    machine: tuple[Finding, ...]
    summary: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return {"schema": 1, **asdict(self)}


def examine(machine: Mapping[str, Any], look_s: float = LOOK_S) -> Examination:
    """Look at every sensor.

    Args:
        machine: The fingerprint that a worker gives, with ``gpu_uuids``.
        look_s: How long each sensor is watched for its update period.
    """
    sensors = [*_gpus(machine, look_s), *_rapl(look_s), *_jetson(look_s)]
    usable = [sensor for sensor in sensors if sensor.usable]
    if usable:
        names = ", ".join(f"{sensor.name} (meter: {sensor.selector})" for sensor in usable)
        summary = [f"energy can be metered here by {names}"]
    else:
        summary = ["no energy can be metered here; modelled energy and everything else still can"]
    summary += dict.fromkeys(
        f"to change that: {finding.remedy}"
        for sensor in sensors
        if not sensor.usable
        for finding in sensor.findings
        if finding.remedy
    )
    return Examination(tuple(sensors), tuple(_machine(machine)), tuple(summary))


def _machine(machine: Mapping[str, Any]) -> list[Finding]:
    load, cores = os.getloadavg()[0], int(machine["cores"])
    busy = load > BUSY_LOAD * cores
    gpus = ", ".join(machine["gpus"]) or "none"
    return [
        Finding("processor", f"{machine['cpu']}, {cores} cores"),
        Finding("GPUs that torch sees", gpus, _hidden() if gpus == "none" else ""),
        Finding(
            "load of the last minute",
            f"{load:.2f} on {cores} cores",
            "end what else runs here: an idle baseline and a timing need an idle machine"
            if busy
            else "",
        ),
        Finding("allocator of the workers", f"MALLOC_TRIM_THRESHOLD_ {machine['malloc']}"),
        Finding("torch, spikingjelly", f"{machine['torch']}, {machine['spikingjelly']}"),
    ]


def _hidden() -> str:
    """What a variable of the environment hides."""
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if value is None else f"CUDA_VISIBLE_DEVICES is {value!r}: unset it to see all GPUs"


def _gpus(machine: Mapping[str, Any], look_s: float) -> list[Sensor]:
    from benchbench.meters.nvml import NvmlMeter  # noqa: PLC0415 - pynvml takes 20 ms

    uuids = [str(uuid) for uuid in machine.get("gpu_uuids", [])]
    out: list[Sensor] = []
    index = 0
    while True:
        try:
            meter = NvmlMeter(str(index))
        except MeterError as error:
            if not out:
                out.append(_missing("NVIDIA GPU (NVML)", "nvml:0", str(error)))
            return out
        with meter:
            cuda = f"cuda:{uuids.index(meter.uuid)}" if meter.uuid in uuids else "not seen by torch"
            calls = [Finding("UUID", f"{meter.uuid}, {cuda}")]
            calls += [Finding(call, said) for call, said in meter.calls.items()]
            calls += [Finding("note", note) for note in meter.notes]
            out.append(_watched(meter, f"nvml:{meter.uuid}", calls, look_s))
        index += 1


def _rapl(look_s: float) -> list[Sensor]:
    found = [Finding(zone.name, _zone_text(zone), zone.problem) for zone in powercap.zones()]
    return [_opened(rapl.RaplMeter, "processor (RAPL)", "rapl", found, look_s)]


def _zone_text(zone: powercap.Zone) -> str:
    if zone.problem:
        return "cannot be read"
    if not zone.range_j:
        return "does not say at what it starts again"
    lasts_s = zone.range_j / rapl.MOST_W
    return f"starts again at {zone.range_j:,.0f} J, after {lasts_s:,.0f} s at {rapl.MOST_W:,.0f} W"


def _jetson(look_s: float) -> list[Sensor]:
    found = [Finding(rail.name, _power_text(rail)) for rail in jetson.rails()]
    return [_opened(jetson.JetsonMeter, "Jetson (INA)", "jetson", found, look_s)] if found else []


def _power_text(rail: jetson.Rail) -> str:
    try:
        return f"{rail.power_w():.3f} W"
    except MeterError as error:
        return str(error)


def _opened(
    kind: Callable[[], Meter], name: str, selector: str, found: list[Finding], look_s: float
) -> Sensor:
    try:
        meter = kind()
    except MeterError as error:
        missing = _missing(name, selector, str(error))
        return missing if not found else Sensor(name, selector, usable=False, findings=tuple(found))
    with meter:
        return _watched(meter, selector, found, look_s)


def _missing(name: str, selector: str, reason: str) -> Sensor:
    cause, _, remedy = reason.partition(": ")
    finding = Finding("sensor", cause, remedy or cause)
    return Sensor(name, selector, usable=False, findings=(finding,))


def _watched(meter: Meter, selector: str, found: list[Finding], look_s: float) -> Sensor:
    """Its update period, and whether reading it often costs power."""
    try:
        update_s = _update_s(meter, look_s)
    except MeterError as error:
        more = Finding("energy", "cannot be read", str(error))
        simulated = meter.provenance == "simulated"
        return Sensor(meter.name, selector, False, simulated, findings=(*found, more))
    findings = [*found, Finding("changes every", f"{1000 * update_s:.1f} ms, median")]
    polled_w = _self_test(meter, look_s)
    rise = polled_w[1] / polled_w[0] - 1 if polled_w[0] > 0 else 0.0
    findings.append(
        Finding(
            f"power read every {1000 * POLLS_S[0]:g} ms : every {1000 * POLLS_S[1]:g} ms",
            f"{polled_w[0]:.2f} W : {polled_w[1]:.2f} W",
            f"reading it often raises its power by {100 * rise:.0f} %: end what else runs here and "
            "look again"
            if rise > SELF_TEST
            else "",
        )
    )
    return Sensor(
        meter.name,
        selector,
        usable=True,
        simulated=meter.provenance == "simulated",
        update_s=update_s,
        polled_w=polled_w,
        findings=tuple(findings),
    )


def _update_s(meter: Meter, look_s: float) -> float:
    times = [meter.wait_for_update().time_s]
    while times[-1] - times[0] < look_s or len(times) < 3:
        times.append(meter.wait_for_update().time_s)
    steps = sorted(after - before for before, after in itertools.pairwise(times))
    return steps[len(steps) // 2]


def _self_test(meter: Meter, look_s: float) -> tuple[float, float]:
    """Mean power while the sensor is read seldom, and while it is read often."""
    seldom, often = (_mean_w(meter, look_s, period_s) for period_s in POLLS_S)
    return seldom, often


def _mean_w(meter: Meter, look_s: float, period_s: float) -> float:
    first = meter.wait_for_update()
    end_s = first.time_s + look_s / 2
    while time.perf_counter() < end_s:
        time.sleep(period_s)
        meter.energy_j()
    last = meter.wait_for_update()
    return (last.energy_j - first.energy_j) / (last.time_s - first.time_s)
