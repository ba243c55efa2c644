"""What a model is given: the tensors of some samples, by position or by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["Inputs", "joined"]


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """The inputs of some samples, as a model is called with them.

    Attributes:
        args: Tensors by position, most often one: [N, ...].
        kwargs: Tensors by name.
        axis: Axis of the samples in each tensor: 0, or 1 where the time steps come first,
            [T, N, ...].
    """

    args: tuple[Tensor, ...] = ()
    kwargs: dict[str, Tensor] = field(default_factory=dict)
    axis: int = 0

    @classmethod
    def of(cls, given: Any, axis: int = 0) -> Inputs:  # noqa: ANN401 - what a user's data gives
        """Inputs from what stands for them.

        Args:
            given: A tensor or an array; several in a tuple or list; a mapping of them; or inputs.
            axis: Axis of the samples.

        Raises:
            DataError: It is none of these, or the tensors hold different numbers of samples.
        """
        if isinstance(given, Inputs):
            return given
        if isinstance(given, Mapping):
            found = cls((), {str(name): _tensor(value) for name, value in given.items()}, axis)
        elif isinstance(given, tuple | list):
            found = cls(tuple(_tensor(value) for value in given), {}, axis)
        else:
            found = cls((_tensor(given),), {}, axis)
        sizes = {tensor.shape[axis] if tensor.dim() > axis else None for tensor in found.tensors}
        if not sizes or None in sizes or len(sizes) > 1:
            shapes = ", ".join(str(tuple(tensor.shape)) for tensor in found.tensors) or "nothing"
            raise DataError(
                "inputs",
                f"expected tensors with as many samples each, along axis {axis}; found {shapes}",
            )
        return found

    @property
    def tensors(self) -> list[Tensor]:
        """All tensors, those by name last."""
        return [*self.args, *self.kwargs.values()]

    @property
    def plain(self) -> Tensor | None:
        """The one tensor [N, ...], where there are neither others nor names nor time steps."""
        return self.args[0] if len(self.args) == 1 and not (self.kwargs or self.axis) else None

    @property
    def shape(self) -> str:
        """The shapes, for people: ``(16, 1, 48, 48)``, or ``ids (16, 20), mask (16, 20)``."""
        parts = [str(tuple(tensor.shape)) for tensor in self.args]
        return ", ".join(parts + [f"{n} {tuple(t.shape)}" for n, t in self.kwargs.items()])

    def __len__(self) -> int:
        """Number of samples."""
        return int(self.tensors[0].shape[self.axis])

    def __getitem__(self, part: slice) -> Inputs:
        """Some of the samples."""
        index = (slice(None),) * self.axis + (part,)
        return self.map(lambda tensor: tensor[index])

    def run(self, model: Callable[..., Any]) -> Any:  # noqa: ANN401 - whatever the model gives
        """The model's output on them."""
        return model(*self.args, **self.kwargs)

    def map(self, change: Callable[[Tensor], Tensor]) -> Inputs:
        """The same inputs with each tensor changed."""
        return replace(
            self,
            args=tuple(change(tensor) for tensor in self.args),
            kwargs={name: change(tensor) for name, tensor in self.kwargs.items()},
        )

    def to(self, device: torch.device) -> Inputs:
        """The same on a device."""
        return self.map(lambda tensor: tensor.to(device))

    def cpu(self) -> Inputs:
        """The same on the CPU, apart from any graph."""
        return self.map(lambda tensor: tensor.detach().cpu())

    def singles(self) -> list[Inputs]:
        """Each sample alone."""
        return [self[index : index + 1] for index in range(len(self))]


def joined(parts: Sequence[Inputs]) -> Inputs:
    """All samples of several inputs of one kind."""
    first = parts[0]
    return replace(
        first,
        args=tuple(
            torch.cat([part.args[index] for part in parts], first.axis)
            for index in range(len(first.args))
        ),
        kwargs={
            name: torch.cat([part.kwargs[name] for part in parts], first.axis)
            for name in first.kwargs
        },
    )


def _tensor(value: Any) -> Tensor:  # noqa: ANN401 - what a user's data gives
    if isinstance(value, Tensor):
        return value
    if isinstance(value, np.ndarray) and value.dtype != object:
        return torch.as_tensor(value)
    raise DataError("inputs", f"expected a tensor or an array, found {type(value).__name__}")
