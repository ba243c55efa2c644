"""What a module is fed and puts out: whether it is 0 and one other value, and of how many steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["Seen", "Values", "call_steps", "is_same", "layer_steps", "layers_of"]

ROUNDING = 1e-4  # of the largest number of an answer (ours); a state moves it by more


@dataclass(slots=True)
class Values:
    """What one tensor of a module's outputs held, over all calls.

    Attributes:
        zero: Whether it held 0.
        other: The one other value that it held; None where it held 0 alone.
        many: Whether it held more values than these two.
    """

    zero: bool = False
    other: float | None = None
    many: bool = False

    def see(self, data: Tensor) -> None:
        """Look at another call's values."""
        if self.many or not data.numel():
            return
        values = data.detach().float()
        low, high = float(values.min()), float(values.max())
        found = high if high != 0 else low
        self.zero |= bool((values == 0).any())
        if found == 0:
            return
        self.many = self.other not in (None, found) or not bool(
            ((values == 0) | (values == found)).all()
        )
        self.other = found

    @property
    def fires(self) -> bool:
        """Whether it held 0 and one other value."""
        return self.zero and self.other is not None and not self.many

    @property
    def binary(self) -> bool:
        """Whether it held no more than 0 and one other value."""
        return not self.many


@dataclass(slots=True)
class Seen:
    """What was seen of one module.

    Attributes:
        outputs: Values of each tensor among its outputs that is none of its inputs.
        fed: Values of all tensors among its inputs.
        shapes: Shape of the tensor at `place` in each call.
        place: Which of its outputs fires, the first where none does.
        parts: How many calls of other watched modules gave all elements that its first call gave;
            1 where they did not.
    """

    outputs: dict[int, Values] = field(default_factory=dict)
    fed: list[Values] = field(default_factory=list)
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    place: int = 0
    parts: int = 1

    def see(self, inputs: object, outputs: object, inside: Sequence[int] = ()) -> int:
        """Look at another call.

        Args:
            inputs: What it was given.
            outputs: What it gave back.
            inside: Elements that each call of a watched module gave while it ran.

        Returns:
            The elements of its output.
        """
        given = [leaf for leaf in tree_leaves(inputs) if isinstance(leaf, Tensor)]
        gives = [leaf for leaf in tree_leaves(outputs) if isinstance(leaf, Tensor)]
        for index, tensor in enumerate(given):
            if index == len(self.fed):
                self.fed.append(Values())
            self.fed[index].see(tensor)
        passed = {tensor.untyped_storage().data_ptr() for tensor in given}
        for index, tensor in enumerate(gives):
            values = self.outputs.setdefault(index, Values())
            if tensor.untyped_storage().data_ptr() in passed or tensor.is_complex():
                values.many = True  # handed on, or a view of what came in
            values.see(tensor)
        self.place = next((i for i, it in self.outputs.items() if it.fires), 0)
        if not gives:
            return 0
        output = gives[min(self.place, len(gives) - 1)]
        if not self.shapes and len(set(inside)) == 1 and sum(inside) == output.numel():
            self.parts = len(inside)
        self.shapes.append(tuple(output.shape))
        return output.numel()

    @property
    def fires(self) -> bool:
        """Whether it puts out 0 and one other value, of inputs that are more than these."""
        return self.fed_more and any(values.fires for values in self.outputs.values())

    @property
    def open(self) -> bool:
        """Whether more images may show that it fires."""
        return any(values.binary for values in self.outputs.values())

    @property
    def silent(self) -> bool:
        """Whether it puts out nothing but 0, of inputs that are more."""
        held = list(self.outputs.values())
        return self.fed_more and bool(held) and held[0].binary and held[0].other is None

    @property
    def fed_more(self) -> bool:
        """Whether any input held more than 0 and one other value."""
        return any(not values.binary for values in self.fed)

    def may_fire(self, place: int) -> bool:
        """Whether an output of it is 0 or one other value, be it one of them alone."""
        return place in self.outputs and self.outputs[place].binary


def layers_of(model: nn.Module) -> list[str]:
    """The paths of the convolutions and linear layers, each of which runs once a time step."""
    kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear)
    return [path for path, module in model.named_modules() if path and isinstance(module, kinds)]


def layer_steps(layers: Iterable[Seen]) -> int:
    """How often layers run for one sample: calls, or rows of one call ([T * N, ...]).

    Args:
        layers: What was seen of them with one sample.

    Returns:
        1 where they differ; those before the loop over time, which run once, have no say.
    """
    counts = {sum(shape[0] for shape in it.shapes if shape) for it in layers} - {0, 1}
    return counts.pop() if len(counts) == 1 else 1


def call_steps(once: Seen, twice: Seen | None, rows: int) -> int:
    """Time steps of one call of a neuron.

    They stand before the batch axis ([T, N, ...]) or in it ([T * N, ...]); or the call is made of
    as many calls of its surrogate function; or an axis of one sample's output is as long as the
    layers ran often ([N, T, ...]).

    Args:
        once: What was seen of it with one sample.
        twice: The same with two; the axis that grows is the batch's.
        rows: What `layer_steps` says.
    """
    if once.parts > 1:
        return once.parts
    if twice is None or not once.shapes or len(once.shapes) != len(twice.shapes):
        return 1
    small, large = once.shapes[0], twice.shapes[0]
    if len(small) != len(large):
        return 1
    grown = [axis for axis, size in enumerate(small) if large[axis] != size]
    if grown in ([0], [1]) and small[0] > 1:
        return small[0]
    several = len(once.shapes) == 1 and rows > 1 and rows in small[1:]
    return rows if several else 1


def is_same(one: Tensor, two: Tensor) -> bool:
    """Whether two answers are one: sums may be rounded otherwise where memory lies otherwise."""
    if torch.equal(one, two):
        return True
    if one.shape != two.shape or not one.is_floating_point():
        return False
    return bool((one - two).abs().max() <= ROUNDING * one.abs().max())
