"""A counter of a known curve's energy, with every fault that a real one has been seen to have."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchbench.errors import MeterError
from benchbench.meters.unwrap import Unwrapped

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.meters.limits import Ceiling
    from benchbench.meters.simulated import Curve

__all__ = ["Faults", "SimulatedCounter"]


@dataclass(frozen=True, slots=True)
class Faults:
    """How a simulated sensor differs from the truth.

    Attributes:
        gain: Share by which every reading is too high.
        offset_w: Watts that every reading is too high by.
        averaging_s: Window of the moving mean that it shows instead of the power now, seconds.
        frozen_from_s: Time from which on the counter stands still.
        frozen_until_s: Time from which on it moves again.
        loses: Whether the energy of a freeze is lost; else the counter then jumps to the truth.
        reset_at_s: Time at which the counter starts again at 0.
        back_j: Joules by which it jumps back at `reset_at_s`, instead of to 0.
        zero_at_s: Time of one update that reads 0.
        jump_at_s: Time at which it jumps forward.
        jump_j: Joules by which it does.
        gone_at_s: Time from which on it cannot be read.
        range_j: Joules at which it starts again; None where it never does, as NVML's.
        start_j: What it shows at 0 s.
        power_share: Share of the counter's power that the power reading is of: below 1 where the
            counter is a module's and the reading a GPU's.
        no_power: Whether there is no power reading at all.
    """

    gain: float = 0.0
    offset_w: float = 0.0
    averaging_s: float = 0.0
    frozen_from_s: float = math.inf
    frozen_until_s: float = math.inf
    loses: bool = False
    reset_at_s: float = math.inf
    back_j: float = math.inf
    zero_at_s: float = math.inf
    jump_at_s: float = math.inf
    jump_j: float = 0.0
    gone_at_s: float = math.inf
    range_j: float | None = None
    start_j: float = 0.0
    power_share: float = 1.0
    no_power: bool = False


class SimulatedCounter:
    """Counts as a real counter does: in steps of time and of 1 mJ.

    Attributes:
        curve: The power.
        update_s: Time between two updates, seconds.
        faults: Differences between its readings and the curve.
    """

    def __init__(
        self,
        curve: Curve,
        update_s: float,
        clock: Callable[[], float],
        faults: Faults,
        ceiling: Ceiling,
    ) -> None:
        """Set it up.

        Args:
            curve: The power.
            update_s: Time between two updates, seconds.
            clock: Function that tells the time, seconds.
            faults: What is wrong with it.
            ceiling: Power that the device does not exceed, for a counter that wraps.
        """
        self.curve, self.update_s, self.faults, self._clock = curve, update_s, faults, clock
        self._highest_j = 0.0
        self._unwrapped = Unwrapped(
            "the simulated counter", self.raw_j, faults.range_j, ceiling, clock
        )

    def shown_j(self, time_s: float) -> float:
        """What an endless counter that counts all the time would show at `time_s`."""
        faults, width_s = self.faults, self.faults.averaging_s
        energy_j = self.curve.energy_j(time_s)
        if width_s:  # the mean of the energies so far: a counter behind a moving mean
            energy_j = self.curve.mean_energy_j(time_s - width_s, time_s)
        return energy_j * (1 + faults.gain) + faults.offset_w * time_s

    def updated_s(self) -> float:
        """Time of its last update."""
        return math.floor(self._clock() / self.update_s) * self.update_s

    def raw_j(self) -> float:
        """The reading, in whole millijoules.

        Raises:
            MeterError: It is gone.
        """
        faults, now_s = self.faults, self.updated_s()
        if now_s >= faults.gone_at_s:
            raise MeterError("the simulated counter is gone: it was unplugged")
        if faults.zero_at_s <= now_s < faults.zero_at_s + self.update_s:
            return 0.0
        energy_j = faults.start_j + self._counted_j(now_s)
        if now_s >= faults.reset_at_s:
            energy_j -= min(faults.back_j, faults.start_j + self._counted_j(faults.reset_at_s))
        if faults.range_j is not None:
            energy_j %= faults.range_j
        return math.floor(energy_j * 1000) / 1000

    def _counted_j(self, now_s: float) -> float:
        """Joules since 0 s with freezes and jumps."""
        faults = self.faults
        jump_j = faults.jump_j if now_s >= faults.jump_at_s else 0.0
        if faults.frozen_from_s <= now_s < faults.frozen_until_s:
            return self.shown_j(faults.frozen_from_s) + jump_j
        lost_j = 0.0
        if faults.loses and now_s >= faults.frozen_until_s:
            lost_j = self.shown_j(faults.frozen_until_s) - self.shown_j(faults.frozen_from_s)
        return self.shown_j(now_s) + jump_j - lost_j

    def energy_j(self) -> float:
        """Joules as a meter gives them on.

        Raises:
            MeterError: It is gone, or went backwards without being full.
        """
        if self.faults.range_j is not None:
            return self._unwrapped.energy_j()
        energy_j = self.raw_j()
        if energy_j < self._highest_j:
            self._highest_j = math.inf  # distrusted from now on, as every real meter does it
            raise MeterError("the simulated counter went backwards")
        self._highest_j = energy_j
        return energy_j
