"""What bounds a sensor's readings: what they may be off by, and what its device cannot draw."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Ceiling", "Uncertainty"]


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """What a sensor's readings may be off by, whatever the window: no average takes it away.

    Attributes:
        gain: Share of a reading by which it may be off; it falls out of a ratio of two windows of
            the same sensor.
        offset_w: Watts that may be added to or missing from every reading; they do not fall out.
        source: Origin of both.
        lag_s: Time by which the energy counter may be behind, seconds: at most so much of the work
            before a window is counted in it, and so much of its own is not.
        power_lag_s: Time over which a power reading is averaged at most, seconds.
    """

    gain: float
    offset_w: float
    source: str
    lag_s: float = 0.0
    power_lag_s: float = 0.0

    def systematic_j(self, energy_j: float, seconds: float, swing_w: float) -> float:
        """Most that a window's energy may be off by for all this, joules.

        Args:
            energy_j: The window's energy.
            seconds: The window's length.
            swing_w: Most by which the power differed at one of its edges from that within.
        """
        return self.gain * energy_j + self.offset_w * seconds + self.lag_s * swing_w


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Power that a device does not exceed: a counter that says more has been reset or misread.

    Attributes:
        power_w: The power, watts.
        source: Origin of the number, as it stands in a reason.
        slack_s: Time between two changes of the counter at most, seconds: what is read may be so
            old, and its next step holds the energy of that time too.
    """

    power_w: float
    source: str
    slack_s: float = 0.1

    def reach_j(self, seconds: float) -> float:
        """Most joules that the counter can rise by between two readings so far apart."""
        return self.power_w * (seconds + self.slack_s)
