"""A split in any form that a user may have it in, and what a model is given of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from benchbench.data.batches import batches_of
from benchbench.data.inputs import Inputs, joined
from benchbench.data.samples import samples_of
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

CPU = torch.device("cpu")
X, Y = torch.arange(40, dtype=torch.uint8).reshape(10, 2, 2), torch.arange(10) % 3


class Mapped(Dataset[tuple[Tensor, int]]):
    """A map-style data set that counts how often it is asked."""

    def __init__(self, count: int = 10) -> None:  # noqa: D107 - a data set's own
        self.count, self.asked = count, 0

    def __len__(self) -> int:  # noqa: D105 - a data set's own
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, int]:  # noqa: D105 - as above
        self.asked += 1
        return X[index % 10], int(Y[index % 10])


class Streamed(IterableDataset[tuple[Tensor, Tensor]]):
    """Batches of three."""

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:  # noqa: D105 - as above
        yield from zip(X.split(3), Y.split(3), strict=True)


class Paired(list[tuple[Tensor, Tensor]], Dataset[tuple[Tensor, Tensor]]):
    """A map-style data set of pairs."""


FORMS: dict[str, Any] = {
    "tensors": lambda: (X, Y),
    "arrays": lambda: (X.numpy(), Y.numpy()),
    "a list of labels": lambda: (X.numpy(), Y.tolist()),
    "Dataset": Mapped,
    "list of batches": lambda: list(zip(X.split(4), Y.split(4), strict=True)),
    "iterable": Streamed,
    "DataLoader": lambda: DataLoader(Mapped(), batch_size=3),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_batches(form: str) -> None:
    """Of the size that is asked for, bytes as numbers in [0, 1], the last batch as it comes."""
    found = list(samples_of(FORMS[form]()).batches(4))
    assert [len(inputs) for inputs, _ in found] == [4, 4, 2]
    whole = joined([inputs for inputs, _ in found])
    assert whole.plain is not None
    assert torch.equal(whole.plain, X.float() / 255)
    assert torch.equal(torch.cat([targets for _, targets in found]), Y)


@pytest.mark.parametrize("form", ["tensors", "Dataset"])
def test_samples_are_drawn_by_index(form: str) -> None:
    """In any order, and a part of them is samples again."""
    samples = samples_of(FORMS[form]())
    ((inputs, targets),) = samples.part([5, 3, 8]).batches(9, [2, 0])
    assert inputs.plain is not None
    assert torch.equal(inputs.plain, X[[8, 5]].float() / 255)
    assert targets.tolist() == Y[[8, 5]].tolist()


def test_a_stream_says_what_it_cannot() -> None:
    """It has neither a length nor an index."""
    stream = samples_of(Streamed())
    for ask in (
        lambda: len(stream),
        lambda: stream.part([1]),
        lambda: next(stream.batches(1, [0])),
    ):
        with pytest.raises(DataError, match="stream of batches"):
            ask()
    assert [len(inputs) for inputs, _ in batches_of(stream, 4, 9, CPU)] == [4, 4]
    with pytest.raises(DataError, match="less than 11 samples"):
        batches_of(stream, 11, 1, CPU)


def test_only_what_is_asked_for_is_loaded() -> None:
    """Of 50,000 samples, those of the batches that are counted or timed."""
    mapped = Mapped(50_000)
    batches = batches_of(samples_of(mapped), 16, 4, CPU)
    assert [len(inputs) for inputs, _ in batches] == [16] * 4
    assert mapped.asked == 64


def test_floats_tokens_and_labels_are_handed_on_as_they_are() -> None:
    """Only bytes are pixels."""
    given = {"ids": torch.arange(12).reshape(4, 3), "mask": torch.ones(4, 3) * 7}
    ((inputs, targets),) = samples_of((given, torch.rand(4, 2))).batches(4)
    assert inputs.kwargs["ids"].dtype == torch.int64
    assert torch.equal(inputs.kwargs["mask"], given["mask"])
    assert targets.shape == (4, 2)


def test_time_first_is_the_second_axis() -> None:
    """[T, N, ...]: samples are cut out of the second axis, and never out of time."""
    films = torch.arange(2 * 6 * 3).reshape(2, 6, 3).float()
    samples = samples_of((films, torch.zeros(6)), 1)
    assert len(samples) == 6
    ((inputs, _),) = samples.batches(2, [4, 1])
    assert inputs.plain is None
    assert torch.equal(inputs.args[0], films[:, [4, 1]])
    assert [tuple(single.args[0].shape) for single in inputs.singles()] == [(2, 1, 3)] * 2

    with pytest.raises(DataError, match=r"2 inputs and 6 targets: .* `time: first`"):
        samples_of((films, torch.zeros(6)))
    with pytest.raises(DataError, match=r"2 inputs and 5 targets$"):
        samples_of((films, torch.zeros(5)))

    class Films(Dataset[tuple[Tensor, int]]):
        """One film [T, ...] a sample."""

        def __len__(self) -> int:
            return 6

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            return films[:, index], 0

    ((lazy, _),) = samples_of(Films(), 1).batches(2, [4, 1])
    assert torch.equal(lazy.args[0], inputs.args[0])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((X, Y[:7]), "10 inputs and 7 targets"),
        ((X[:0], Y[:0]), "without a sample"),
        ((X, torch.tensor(3)), "no targets"),
        (((X, X[:4]), Y), "as many samples each"),
        (iter([(X, Y)]), "ends after one pass"),
        (7, "found int"),
        ({"a": 1}, "found dict"),
        (Mapped(0), "without a sample"),
    ],
)
def test_what_is_no_split_is_refused(given: Any, said: str) -> None:
    """In one sentence that says what it is."""
    with pytest.raises(DataError, match=said):
        samples_of(given)


def test_samples_that_do_not_fit_together() -> None:
    """Two sizes in one data set: the sentence comes from the batch."""

    class Ragged(Mapped):
        """Each sample is larger than the one before."""

        def __getitem__(self, index: int) -> tuple[Tensor, int]:
            return torch.zeros(index + 1), 0

    with pytest.raises(DataError, match="cannot be put into one batch"):
        next(samples_of(Ragged()).batches(2))


@pytest.mark.parametrize(
    ("given", "shape"),
    [
        (X, "(10, 2, 2)"),
        (X.numpy(), "(10, 2, 2)"),
        ((X, Y), "(10, 2, 2), (10,)"),
        ({"a": X, "b": Y}, "a (10, 2, 2), b (10,)"),
    ],
)
def test_inputs_run_a_model_as_it_is_called(given: Any, shape: str) -> None:
    """By position or by name, and never by something else."""
    inputs = Inputs.of(given)
    assert (len(inputs), inputs.shape) == (10, shape)
    args, kwargs = inputs.run(lambda *args, **kwargs: (args, kwargs))
    assert [tensor.shape for tensor in (*args, *kwargs.values())] == [
        tensor.shape for tensor in inputs.tensors
    ]
    assert set(kwargs) == (set(given) if isinstance(given, dict) else set())
    assert len(inputs[2:5]) == 3


@pytest.mark.parametrize("kind", ["uint8", "int8", "int32", "uint16"])
def test_labels_of_every_length_are_handed_out_as_int64(kind: str) -> None:
    """From arrays, a Dataset and a stream: what is indexed and multiplied by them does not wrap."""
    labels = Y.to(getattr(torch, kind))
    listed = [*zip(X, labels, strict=True)]
    forms = ((X, labels), Paired(listed), [(X[:4], labels[:4]), (X[4:], labels[4:])])
    for form in forms:
        for _, targets in samples_of(form).batches(4):
            assert targets.dtype == torch.int64
        assert next(samples_of(form).as_given(4))[1].dtype == labels.dtype


def test_a_stream_whose_batch_has_a_target_too_many_is_refused() -> None:
    """Every later target would be another sample's."""
    for count in (3, 5):
        stream = samples_of([(X[:4], Y[:count]), (X[4:], Y[count:])])
        with pytest.raises(DataError, match=f"4 inputs and {count} targets"):
            list(stream.batches(2))
