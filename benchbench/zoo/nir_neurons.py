"""Whether what an importer made of a NIR neuron fires as NIR's own equations say.

An importer may have no neuron of these parameters and take the nearest that it has; every spike
that is counted would then be another network's. So each neuron is run beside the equations.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from benchbench.frameworks import reset, spikes_of

__all__ = ["DT_S", "fault_of"]

DT_S = 1e-4  # the time step that both importers take a graph to be in, seconds
STEPS = 64
SAMPLES = 4
NEAR = 1e-3  # of the way from rest to threshold: so near, rounding decides whether it fires


def fault_of(module: nn.Module, node: Any) -> str:  # noqa: ANN401 - nir is imported by the caller
    """What is wrong with an imported neuron; empty where nothing is, or it is no neuron that fires.

    Args:
        module: What an importer made.
        node: NIR's node: IF, LIF or CubaLIF.
    """
    if not hasattr(node, "v_threshold"):
        return ""
    equations = _Equations(node)
    draw = torch.Generator().manual_seed(0)
    shape = (SAMPLES, *equations.threshold.shape)
    same = torch.ones(shape, dtype=torch.bool)
    fault = ""
    with torch.no_grad():
        for _ in range(STEPS):
            # Between a fifth of the way below rest and four fifths of it above, a step.
            given = equations.unit * (torch.rand(shape, generator=draw).double() - 0.2)
            fires, doubtful = equations.step(given)
            found = spikes_of(module, module(given.float()))
            if found is None or found.shape != shape:
                fault = "its neuron gives no spikes of its inputs' shape"
                break
            apart = same & (found.double() != fires)
            if bool((apart & ~doubtful).any()):
                fault = "its neuron does not fire as NIR's equations say"
                break
            same &= ~apart
    reset(module)
    return fault


class _Equations:
    """NIR's equations of one neuron, in steps of Euler's, double precision.

    tau v' = v_leak - v + r I, and v is v_reset after a spike; an IF has v' = r I. A CubaLIF's
    current follows tau_syn i' = -i + w_in S first.
    """

    def __init__(self, node: Any) -> None:  # noqa: ANN401 - see `fault_of`
        self.threshold = _double(node.v_threshold)
        self.start, zero = _double(node.v_reset), torch.zeros_like(self.threshold)
        mem = getattr(node, "tau_mem", getattr(node, "tau", None))
        syn = getattr(node, "tau_syn", None)
        self.leak = _double(node.v_leak) if mem is not None else zero
        self.rate = DT_S / _double(mem) if mem is not None else zero
        self.gain = (self.rate if mem is not None else DT_S) * _double(node.r)
        self.syn_rate = DT_S / _double(syn) if syn is not None else zero + 1
        self.syn_gain = self.syn_rate * _double(getattr(node, "w_in", 1.0))
        self.way = (self.threshold - self.leak).abs()
        self.unit = self.way / (self.gain * self.syn_gain)
        self.current, self.potential = zero, zero

    def step(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """One time step.

        Returns:
            What fires, and where rounding may decide it otherwise.
        """
        self.current = self.current * (1 - self.syn_rate) + self.syn_gain * given
        leaked = self.potential + self.rate * (self.leak - self.potential)
        reached = leaked + self.gain * self.current
        fires = (reached >= self.threshold).double()
        doubtful = (reached - self.threshold).abs() <= NEAR * self.way
        self.potential = torch.where(fires > 0, self.start, reached)
        return fires, doubtful


def _double(value: Any) -> Tensor:  # noqa: ANN401 - an array or a number
    return torch.as_tensor(value, dtype=torch.float64)
