"""What a spiking neuron does in one time step, forwards and backwards, as plain arithmetic.

The equations and their order are SpikingJelly's (``spikingjelly._ops``), so that spikes are equal
bit for bit; a compiler makes one loop of them, see `benchbench.backends.multi_step`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Dynamics"]


@dataclass(frozen=True, slots=True)
class Dynamics:
    """The equations of one kind of neuron. ``h`` is the potential before it fires, ``v`` after.

    Attributes:
        charge: How an input charges it: ``if`` adds it, ``lif`` leaks with `tau`, ``plif`` leaks
            with a learned factor ``q``, the reciprocal of its time constant.
        v_threshold: Potential at which it fires.
        v_reset: Potential after a spike; None where `v_threshold` is subtracted.
        tau: Membrane time constant of ``lif``, time steps.
        decay_input: Whether the input leaks as well.
        detach_reset: Whether no gradient flows through the reset.
        surrogate: SpikingJelly's class of the surrogate function, which gives the slope.
        parameters: Parameters of the surrogate function, by name.
        spiking: Whether it fires, or answers with the surrogate's own primitive function, which is
            smooth: its gradient can then be checked by differences.
    """

    charge: Literal["if", "lif", "plif"]
    v_threshold: float
    v_reset: float | None
    tau: float
    decay_input: bool
    detach_reset: bool
    surrogate: Any
    parameters: tuple[tuple[str, float], ...]
    spiking: bool = True

    @property
    def rest(self) -> float:
        """The potential that it starts from, and leaks to."""
        return 0.0 if self.v_reset is None else self.v_reset

    def charged(self, v: Tensor | float, x: Tensor, q: Tensor | None) -> Tensor:
        """The potential h after an input.

        Args:
            v: Potential before.
            x: Input.
            q: Factor of the leak of ``plif``; None of the others.
        """
        if self.charge == "if":
            return v + x
        if q is None:
            if self.decay_input:
                return v + (x - (v - self.rest)) / self.tau
            return v - (v - self.rest) / self.tau + x
        if self.decay_input:
            return v + (x - (v - self.rest)) * q
        return v - (v - self.rest) * q + x

    def fired(self, h: Tensor) -> Tensor:
        """Spikes of a potential, 0 or 1 in its own type."""
        if self.spiking:
            return (h >= self.v_threshold).to(h.dtype)
        found: Tensor = self.surrogate.primitive_function(
            h - self.v_threshold, **dict(self.parameters)
        )
        return found

    def after(self, h: Tensor, s: Tensor) -> Tensor:
        """The potential v after spikes s."""
        if self.v_reset is None:
            return h - s * self.v_threshold
        return s * self.v_reset + (1 - s) * h

    def sent_back(self, h: Tensor, g: Tensor, carry: Tensor | None) -> Tensor:
        """The gradient of the potential h.

        Args:
            h: Potential before it fired.
            g: Gradient of the spikes.
            carry: Gradient of the potential v after it fired; None of the last time step.
        """
        slope = self.surrogate.backward((h * 0) + 1, h - self.v_threshold, **dict(self.parameters))
        out: Tensor = g * slope
        if carry is None:
            return out
        if self.v_reset is None:
            kept = 1 if self.detach_reset else 1 - self.v_threshold * slope
        else:
            kept = 1 - self.fired(h)
            if not self.detach_reset:
                kept = kept + (self.v_reset - h) * slope
        return out + carry * kept

    def of_input(self, gh: Tensor, q: Tensor | None) -> Tensor:
        """The gradient of the input."""
        if self.charge == "if" or not self.decay_input:
            return gh
        return gh / self.tau if q is None else gh * q

    def of_potential(self, gh: Tensor, q: Tensor | None) -> Tensor:
        """The gradient of the potential before the input."""
        if self.charge == "if":
            return gh
        return gh - (gh / self.tau if q is None else gh * q)

    def of_leak(self, gh: Tensor, v: Tensor | float, x: Tensor) -> Tensor:
        """The gradient of ``q``, element by element."""
        return gh * ((x - (v - self.rest)) if self.decay_input else (self.rest - v))
