"""What this machine can measure: every sensor tried, its update period, and what would help."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.display.displayable import Displayable
from benchbench.doctor.gpus import gpus
from benchbench.doctor.sensor import Finding, Sensor, missing, watched
from benchbench.errors import MeterError
from benchbench.meters import jetson, powercap, rapl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchbench.meters import Meter

__all__ = ["Examination", "examine"]

LOOK_S = 2.0  # ours: at least twenty steps of a counter that moves every 100 ms
BUSY_LOAD = 0.2  # ours: load per processor above which a baseline is not idle


@dataclass(frozen=True, slots=True, repr=False)
class Examination(Displayable):
    """Everything that was found; ``to_json`` is what ``--json`` prints."""

    sensors: tuple[Sensor, ...]
    machine: tuple[Finding, ...]
    summary: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return {"schema": 1, **asdict(self)}

    def _line(self) -> str:
        words = [
            f"{sensor.name!a} {'usable' if sensor.usable else 'not usable'}"
            for sensor in self.sensors
        ]
        return ", ".join(words) or "no sensors"


def examine(machine: Mapping[str, Any], look_s: float = LOOK_S) -> Examination:
    """Look at every sensor.

    Args:
        machine: The fingerprint that a worker gives, with ``gpu_uuids``; or ``problem``, why there
            is no worker: the sensors can be looked at without one.
        look_s: How long each sensor is watched for its update period.
    """
    uuids = [str(uuid) for uuid in machine.get("gpu_uuids", [])]
    sensors = [*gpus(uuids, look_s), *_rapl(look_s), *_jetson(look_s)]
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
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    remedy = "end what else runs here: an idle baseline and a timing need an idle machine"
    found = [
        Finding(
            "load of the last minute",
            f"{load:.2f} on {cores} cores",
            remedy if load > BUSY_LOAD * cores else "",
        )
    ]
    if "problem" in machine:
        return [Finding("worker", "cannot start", str(machine["problem"])), *found]
    names = ", ".join(machine["gpus"]) or "none"
    return [
        Finding("processor", f"{machine['cpu']}, {machine['cores']} cores"),
        Finding("GPUs that torch sees", names, _hidden() if names == "none" else ""),
        *found,
        Finding("allocator of the workers", f"MALLOC_TRIM_THRESHOLD_ {machine['malloc']}"),
        Finding("torch, spikingjelly", f"{machine['torch']}, {machine['spikingjelly']}"),
    ]


def _hidden() -> str:
    """What a variable of the environment hides."""
    value = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if value is None else f"CUDA_VISIBLE_DEVICES is {value!r}: unset it to see all GPUs"


def _rapl(look_s: float) -> list[Sensor]:
    found = [Finding(zone.name, _zone_text(zone), zone.problem) for zone in powercap.zones()]
    return [_opened(rapl.RaplMeter, "processor (RAPL)", "rapl", found, look_s)]


def _zone_text(zone: powercap.Zone) -> str:
    if zone.problem:
        return "cannot be read"
    also = f"; {', '.join(zone.mirrors)} show the same" if zone.mirrors else ""
    if not zone.range_j:
        return f"does not say at what it starts again{also}"
    most_w = zone.ceiling.power_w
    lasts = f"after {zone.range_j / most_w:,.0f} s at {most_w:,.0f} W or later"
    return f"starts again at {zone.range_j:,.0f} J, {lasts}{also}"


def _jetson(look_s: float) -> list[Sensor]:
    found = [_rail(rail) for rail in jetson.rails()]
    return [_opened(jetson.JetsonMeter, "Jetson (INA)", "jetson", found, look_s)] if found else []


def _rail(rail: jetson.Rail) -> Finding:
    try:
        return Finding(rail.name, f"{rail.power_w():.3f} W")
    except MeterError as error:
        return Finding(rail.name, "cannot be read", str(error))


def _opened(
    kind: Callable[[], Meter], name: str, selector: str, found: list[Finding], look_s: float
) -> Sensor:
    try:
        meter = kind()
    except MeterError as error:
        return missing(name, selector, str(error), found)
    with meter:
        return watched(meter, selector, found, look_s)
