"""One sensor under the doctor's eye: its update period, its state, what polling costs."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.meters import Meter

__all__ = ["Finding", "Sensor", "missing", "watched"]

POLLS_S = (0.2, 0.002)  # ours: seldom and often, for the self-test
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


def missing(
    name: str, selector: str, reason: str, found: Sequence[Finding] = (), *, simulated: bool = False
) -> Sensor:
    """A sensor that gives no energy, with the reason as its last line.

    Args:
        name: What it is.
        selector: How a suite asks for it.
        reason: Cause and remedy, with a colon between them.
        found: What was found before.
        simulated: Whether it is not a real one.
    """
    cause, _, remedy = reason.partition(": ")
    told = any(item.remedy == reason for item in found)
    last = () if told else (Finding("sensor", cause, remedy or cause),)
    return Sensor(name, selector, usable=False, simulated=simulated, findings=(*found, *last))


def watched(meter: Meter, selector: str, found: Sequence[Finding], look_s: float) -> Sensor:
    """Its update period, its state, and whether reading it often costs power.

    Args:
        meter: The sensor, open.
        selector: How a suite asks for it.
        found: What each of its calls or files said.
        look_s: How long each question may take, seconds.
    """
    simulated = meter.provenance == "simulated"
    try:
        update_s = _update_s(meter, look_s)
        polled_w = _self_test(meter, look_s)
    except MeterError as error:
        return missing(meter.name, selector, str(error), found, simulated=simulated)
    findings = [*found, Finding("changes every", f"{1000 * update_s:.1f} ms, median")]
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
    findings += _state(meter)
    return Sensor(
        meter.name,
        selector,
        usable=True,
        simulated=simulated,
        update_s=update_s,
        polled_w=polled_w,
        findings=tuple(findings),
    )


def _state(meter: Meter) -> list[Finding]:
    """Throttling, limits, temperature and clock; other processes are the doctor's own question."""
    now = meter.condition()
    found = [Finding("throttled by", ", ".join(now.throttled), "let it cool down, then look again")]
    found.append(Finding("cannot draw more than", f"{meter.ceiling.power_w:,.0f} W"))
    found += [
        Finding(f"slowed down by {why} so far", f"{seconds:.1f} s")
        for why, seconds in now.throttled_s.items()
    ]
    if now.throttles is not None:
        found.append(Finding("slowed down by heat so far", f"{now.throttles:,} times"))
    if now.temperature_c is not None:
        found.append(Finding("temperature", f"{now.temperature_c:.0f} degrees Celsius"))
    if now.clock_mhz is not None:
        found.append(Finding("clock", f"{now.clock_mhz:.0f} MHz"))
    return found if now.throttled else found[1:]


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
