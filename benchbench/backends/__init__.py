"""How a model is executed. Each backend proves that it computes the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["BACKENDS", "NATIVE", "Backend", "Execution", "MemoryFormat", "Precision"]

Backend = Literal["native", "compiled", "fused", "events"]
Precision = Literal[32, "bf16"]
MemoryFormat = Literal["contiguous", "channels_last"]

BACKENDS: dict[Backend, str] = {
    "native": "The model as its framework runs it; what every other backend is proved against.",
    "compiled": "`torch.compile` of the whole model; its graph breaks are counted and told.",
    "fused": (
        "SpikingJelly's IFNode, LIFNode and ParametricLIFNode in step mode m, with a MaxPool2d(2) "
        "that follows in an nn.Sequential: all time steps in one compiled loop, forwards and "
        "backwards, channels last. The rest of a model, and other neurons, as they are."
    ),
    "events": (
        "Inference alone: what `fused` does, and linear layers and convolutions that gather the "
        "weights of their spikes, below a density that is measured at warm-up; dense above it."
    ),
}
"""What each backend covers, as ``benchbench list backends`` says it."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How a model is executed, resolved.

    Attributes:
        backend: One of `BACKENDS`.
        precision: ``32``, or ``bf16``: matrix products and convolutions in bfloat16
            (``torch.autocast``), potentials, weights and their updates in float32.
        memory_format: Order of the axes of images in memory.
    """

    backend: Backend = "native"
    precision: Precision = 32
    memory_format: MemoryFormat = "contiguous"

    @property
    def is_native(self) -> bool:
        """Whether it is what others are proved against."""
        return self == NATIVE

    @property
    def said(self) -> str:
        """For people: ``fused, bf16, channels_last``."""
        return f"{self.backend}, {self.precision}, {self.memory_format}"

    @classmethod
    def of(
        cls,
        backend: Literal[Backend, "auto"],
        precision: Literal[Precision, "auto"],
        memory_format: Literal[MemoryFormat, "auto"],
    ) -> Execution:
        """What is asked for where something is timed: natively in float32 by default.

        Args:
            backend: Backend, as in the settings of a suite.
            precision: Precision, the same way.
            memory_format: Memory format; by default what suits the backend.
        """
        of: Backend = "native" if backend == "auto" else backend
        suited: MemoryFormat = "channels_last" if of in {"fused", "events"} else "contiguous"
        return cls(
            of,
            32 if precision == "auto" else precision,
            suited if memory_format == "auto" else memory_format,
        )


NATIVE = Execution()
"""As a framework runs its models, in float32: what others are proved against."""

assert set(BACKENDS) == set(get_args(Backend))  # noqa: S101 - a list that is kept twice
