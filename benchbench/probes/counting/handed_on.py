"""States that a neuron gives back and is given again: which of its calls are one layer's steps."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING

from torch import Tensor
from torch.utils._pytree import tree_leaves

if TYPE_CHECKING:
    import torch

__all__ = ["States"]


class States:
    """Tells the steps of several layers apart that share one neuron without a state of its own."""

    def __init__(self) -> None:
        """No call was seen yet."""
        self._gave: dict[int, weakref.ref[Tensor]] = {}
        self._begun: dict[torch.Size, int] = {}

    def see(self, given: object, gives: object, spikes: Tensor) -> int:
        """Look at another call.

        Args:
            given: What the neuron was given, by position and by name.
            gives: What it gave back.
            spikes: The spikes among it.

        Returns:
            How many calls with spikes of this shape were given no state of an earlier call, and so
            began a sequence; 0 where the neuron gives no state back.
        """
        states = [it for it in _tensors(gives) if it is not spikes]
        if not states:
            return 0
        begins = not any(self._is_own(it) for it in _tensors(given))
        self._begun[spikes.shape] = self._begun.get(spikes.shape, 0) + begins
        # Whoever hands a state on holds it: what is dead by now is none.
        self._gave = {key: ref for key, ref in self._gave.items() if ref() is not None}
        self._gave |= {id(it): weakref.ref(it) for it in states}
        return self._begun[spikes.shape]

    def _is_own(self, tensor: Tensor) -> bool:
        gave = self._gave.get(id(tensor))
        return gave is not None and gave() is tensor


def _tensors(of: object) -> list[Tensor]:
    return [leaf for leaf in tree_leaves(of) if isinstance(leaf, Tensor)]
