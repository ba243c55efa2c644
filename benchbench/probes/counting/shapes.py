"""What goes into each layer and what comes out, as shapes of one sample.

Which axis is the batch is not guessed: the same images are run once and once twice over, and what
grows with them is the batch. So it is found behind a time axis ([T, N, ...]), and where the two are
one axis ([T * N, ...], which is T for one sample).
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch import Tensor
from torch.utils._pytree import tree_leaves

from benchbench.data.inputs import joined
from benchbench.frameworks import reset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from torch import nn

    from benchbench.data.inputs import Inputs

__all__ = ["LayerShape", "shapes_of"]

Seen = list[tuple[tuple[int, ...], tuple[int, ...]]]  # input and output of each call


@dataclass(frozen=True, slots=True)
class LayerShape:
    """The shapes of one layer's tensors, of one sample and one call.

    Attributes:
        shape_in: First tensor that it is given, without the batch axis, e.g. [C, H, W]; [T, C, H,
            W] where one call takes all time steps. None where no axis is the batch's alone, or the
            calls differ.
        shape_out: First tensor that it gives; None as above.
        calls: How often it runs for one sample: T where a call takes one time step.
        lead: How often its input holds one sample along the axes before the batch and along the
            batch itself: T where a call takes all time steps. None as above.
    """

    shape_in: tuple[int, ...] | None
    shape_out: tuple[int, ...] | None
    calls: int
    lead: int | None = None


def shapes_of(model: nn.Module, example: Inputs) -> tuple[dict[str, LayerShape], str]:
    """Run `model` inside `countable` on the images, and on the images twice.

    Args:
        model: Left as it was: state reset.
        example: Inputs of some samples.

    Returns:
        The shapes of each module that ran, by its path; and why there are none, or nothing.
    """
    try:
        once = _seen(model, example)
        twice = _seen(model, joined([example, example]))
    except Exception as error:  # noqa: BLE001 - a model that takes one batch size alone says so in any way
        return {}, f"shapes are not told, the model takes no batch of {2 * len(example)}: {error}"[
            :300
        ]
    finally:
        reset(model)
    found = {}
    for path, calls in once.items():
        if len(again := twice.get(path, [])) == len(calls):
            given, gives = (
                _shape([call[side] for call in calls], [call[side] for call in again], len(example))
                for side in (0, 1)
            )
            (shape_in, lead), (shape_out, _) = given, gives
            found[path] = LayerShape(shape_in, shape_out, len(calls), lead)
    return found, ""


def _seen(model: nn.Module, inputs: Inputs) -> dict[str, Seen]:
    """The shapes of each call of each module, by path."""
    reset(model)
    seen: dict[str, Seen] = {}

    def look(path: str, given: object, output: object) -> None:
        seen.setdefault(path, []).append((_first(given), _first(output)))

    with contextlib.ExitStack() as stack:
        for path, module in model.named_modules():
            handle = module.register_forward_hook(
                lambda _module, args, kwargs, output, path=path: look(path, (args, kwargs), output),
                with_kwargs=True,
            )
            stack.callback(handle.remove)
        inputs.run(model)
    return seen


def _first(values: object) -> tuple[int, ...]:
    """The shape of the first tensor in it; that of nothing is ``()``."""
    tensors = (leaf for leaf in tree_leaves(values) if isinstance(leaf, Tensor))
    return next((tuple(tensor.shape) for tensor in tensors), ())


def _shape(
    once: Sequence[tuple[int, ...]], twice: Sequence[tuple[int, ...]], samples: int
) -> tuple[tuple[int, ...] | None, int | None]:
    """One sample's shape in every call, and how often it is there before its own axes.

    None and None where it is not the same, or cannot be told.

    Args:
        once: Shapes of the calls, over `samples` samples.
        twice: Shapes of the same calls, over twice as many.
        samples: How many.
    """
    if len({*once}) != 1 or len({*twice}) != 1 or len(once[0]) != len(twice[0]):
        return None, None
    small, large = once[0], twice[0]
    grown = [axis for axis, size in enumerate(small) if large[axis] != size]
    if len(grown) != 1:
        return None, None
    (axis,) = grown
    each, rest = divmod(small[axis], samples)
    if rest or large[axis] != 2 * small[axis]:
        return None, None
    lead = math.prod(small[:axis]) * each
    return (*small[:axis], *((each,) if each > 1 else ()), *small[axis + 1 :]), lead
