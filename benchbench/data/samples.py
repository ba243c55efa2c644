"""The samples of one split, in whatever form they came: no more in memory than is asked for.

A sample is inputs and a target. Bytes (uint8) are pixels and become float32 in [0, 1]; targets that
are whole numbers become int64; everything else is handed on as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from benchbench.data.inputs import Inputs, joined
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Batch", "Samples", "as_labels", "samples_of", "scaled", "size_of"]

Batch = tuple[Inputs, Any]  # the targets: int64 [N] of a classification; None where there are none


class Samples(Protocol):
    """The samples of one split."""

    @property
    def targets(self) -> Tensor | None:
        """All targets, where they lie in memory already."""

    def __len__(self) -> int:
        """How many there are.

        Raises:
            DataError: They are a stream that does not say.
        """

    def batches(self, size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        """Batches of `size` samples, the last one as it comes.

        Args:
            size: Samples a batch.
            order: Which samples, in which order; all in theirs where None.
        """

    def as_given(self, size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        """The same batches with targets of the type that they came in, for digests."""

    def part(self, rows: Sequence[int]) -> Samples:
        """Some of the samples, by index."""


@runtime_checkable
class _Map(Protocol):
    """A map-style data set of torch."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Any: ...  # noqa: ANN401 - a sample of the user's


@dataclass(frozen=True, slots=True)
class _Pair:
    """Arrays of all inputs and all targets, as a map-style data set.

    Attributes:
        inputs: Inputs of every sample.
        targets: Targets of every sample; None where there are none.
    """

    inputs: Inputs
    targets: Tensor | None

    def __len__(self) -> int:
        return len(self.inputs)

    def taken(self, rows: Sequence[int]) -> _Pair:
        """These rows alone."""
        index, axis = torch.as_tensor(rows), self.inputs.axis
        inputs = self.inputs.map(lambda tensor: tensor.index_select(axis, index))
        return _Pair(inputs, None if self.targets is None else self.targets[index])


@dataclass(frozen=True, slots=True)
class _Indexed:
    """Samples that can be asked for by index: arrays, or a map-style data set of torch.

    Attributes:
        source: Where they are.
        axis: Axis of the samples in a batch.
        workers: Processes that load them.
    """

    source: _Pair | _Map
    axis: int = 0

    @property
    def targets(self) -> Tensor | None:
        return self.source.targets if isinstance(self.source, _Pair) else None

    def __len__(self) -> int:
        return len(self.source)

    def batches(self, size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        for inputs, targets in self.as_given(size, order):
            yield inputs, None if targets is None else as_labels(targets)

    def as_given(self, size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        rows = range(len(self)) if order is None else order
        if isinstance(self.source, _Pair):
            for start in range(0, len(rows), size):
                some = self.source.taken(rows[start : start + size])
                yield some.inputs.map(scaled), some.targets
            return
        subset: Subset[Any] = Subset(self.source, rows)  # type: ignore[arg-type]  # any of that style
        together = partial(_together, axis=self.axis)
        yield from DataLoader(subset, size, collate_fn=together)

    def part(self, rows: Sequence[int]) -> _Indexed:
        if isinstance(self.source, _Pair):
            return _Indexed(self.source.taken(rows), self.axis)
        return _Indexed(Subset(self.source, rows), self.axis)  # type: ignore[arg-type]  # as above


@dataclass(frozen=True, slots=True)
class _Stream:
    """Batches that somebody else makes, in their order; cut to the size that is asked for.

    Attributes:
        source: Gives batches, anew each time that it is iterated.
        axis: Axis of the samples in a batch.
    """

    source: Iterable[Any]
    axis: int = 0

    @property
    def targets(self) -> None:
        return None

    def __len__(self) -> int:
        raise DataError(
            "data",
            "a stream of batches does not say how many samples there are: give `val` and `test` of "
            "its own, or arrays, or a torch Dataset",
        )

    def batches(self, size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        for inputs, targets in self.as_given(size, order):
            yield inputs, None if targets is None else as_labels(targets)

    def as_given(self, size: int, order: Sequence[int] | None = None) -> Iterator[Batch]:
        if order is not None:
            raise DataError(
                "data",
                "a stream of batches has an order of its own: give arrays or a "
                "torch Dataset where samples are to be drawn",
            )
        held: list[Batch] = []
        for batch in self.source:
            given, targets = _split(batch)
            inputs = Inputs.of(given, self.axis).map(scaled)
            if targets is not None:
                targets = torch.as_tensor(targets)
                _check_equal(inputs, targets)  # one too many would shift all that follow
            held.append((inputs, targets))
            while sum(len(inputs) for inputs, _ in held) >= size:
                whole = _joined(held)
                yield whole[0][:size], None if whole[1] is None else whole[1][:size]
                rest = whole[0][size:]
                held = [(rest, None if whole[1] is None else whole[1][size:])] if len(rest) else []
        if held:
            yield _joined(held)

    def part(self, rows: Sequence[int]) -> _Stream:
        raise DataError(
            "data",
            f"{len(rows)} samples cannot be drawn from a stream of batches: "
            "give `val` and `test` of its own, or arrays, or a torch Dataset",
        )


def _check_equal(inputs: Inputs, targets: Tensor) -> None:
    """Refuse targets that are not as many as the inputs.

    Raises:
        DataError: They are not.
    """
    if targets.dim() and len(targets) == len(inputs):
        return
    count = len(targets) if targets.dim() else "no"
    text = f"{len(inputs)} inputs and {count} targets"
    if not inputs.axis and all(tensor.shape[1:2] == (count,) for tensor in inputs.tensors):
        text += ": where time steps come first, [T, N, ...], say `time: first` (--time)"
    raise DataError("data", text)


def samples_of(given: Any, axis: int = 0) -> _Indexed | _Stream:  # noqa: ANN401 - what a user gives
    """The samples of a split from what stands for them.

    Args:
        given: A pair (inputs, targets) of arrays or tensors, either of which may be a tuple or a
            dict; a map-style ``Dataset`` of torch; or an iterable of batches.
        axis: Axis of the samples in each tensor of a batch.

    Raises:
        DataError: It is none of these, or inputs and targets are not of one length.
    """
    if isinstance(given, _Indexed | _Stream):
        return given
    if isinstance(given, tuple) and len(given) == 2 and _is_array(given[0]):
        inputs = Inputs.of(given[0], axis)
        targets = None if given[1] is None else torch.as_tensor(given[1])
        if targets is not None:
            _check_equal(inputs, targets)
        if not len(inputs):
            raise DataError("data", "a split without a sample")
        return _Indexed(_Pair(inputs, targets), axis)
    if isinstance(given, IterableDataset | DataLoader):
        return _Stream(given, axis)
    listed = isinstance(given, Mapping | list | tuple | str)
    if isinstance(given, Dataset) or (isinstance(given, _Map) and not listed):
        if not len(given):  # type: ignore[arg-type]  # a Dataset without a length is no map-style one
            raise DataError("data", "a split without a sample")
        return _Indexed(given, axis)  # type: ignore[arg-type]
    if isinstance(given, Iterable) and not isinstance(given, Mapping | str | Iterator):
        return _Stream(given, axis)
    if isinstance(given, Iterator):
        raise DataError(
            "data",
            "an iterator ends after one pass: give a list of batches, or an "
            "object whose __iter__ begins anew",
        )
    raise DataError(
        "data",
        "expected a pair (inputs, targets) of arrays, a torch Dataset or an iterable of batches; "
        f"found {type(given).__name__}",
    )


def size_of(samples: Samples) -> int | None:
    """How many samples there are; None of a stream."""
    try:
        return len(samples)
    except DataError:
        return None


def scaled(tensor: Tensor) -> Tensor:
    """Bytes as numbers in [0, 1]; everything else as it is."""
    return tensor.to(torch.float32).div_(255) if tensor.dtype == torch.uint8 else tensor


def as_labels(targets: Tensor) -> Tensor:
    """Whole numbers as int64: a product of bytes wraps round, and torch indexes by none shorter."""
    return targets if targets.is_floating_point() or targets.is_complex() else targets.long()


def _is_array(given: Any) -> bool:  # noqa: ANN401 - see above
    if isinstance(given, Mapping):
        return bool(given) and all(map(_is_array, given.values()))
    if isinstance(given, tuple | list):
        return bool(given) and all(map(_is_array, given))
    return isinstance(given, Tensor | np.ndarray)


def _split(batch: Any) -> tuple[Any, Any]:  # noqa: ANN401 - see above
    """Inputs and targets of a sample or a batch: the last of a pair is the target."""
    if isinstance(batch, tuple | list) and len(batch) == 2:
        return batch[0], batch[1]
    return batch, None


def _together(samples: Sequence[Any], axis: int) -> Batch:
    """A batch of samples, stacked along `axis`."""
    pairs = [_split(sample) for sample in samples]
    try:
        first = tree_map(torch.as_tensor, pairs[0][0])
        flat = [tree_map(torch.as_tensor, given) for given, _ in pairs]
        stacked = tree_map(lambda *parts: torch.stack(parts, axis), first, *flat[1:])
    except (RuntimeError, ValueError, TypeError) as error:
        raise DataError("data", f"samples cannot be put into one batch: {error}") from error
    targets = None
    if pairs[0][1] is not None:
        targets = torch.stack([torch.as_tensor(target) for _, target in pairs])
    return Inputs.of(stacked, axis).map(scaled), targets


def _joined(parts: Sequence[Batch]) -> Batch:
    if len(parts) == 1:
        return parts[0]
    targets = None if parts[0][1] is None else torch.cat([part[1] for part in parts])
    return joined([part[0] for part in parts]), targets
