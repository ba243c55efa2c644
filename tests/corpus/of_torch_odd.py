"""Plain torch that is not run as it was written: compiled, scripted, quantised, hidden."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from corpus_entry import Entry
from of_torch import PLAIN, ROWS, Does, batch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["entries"]


class Net(nn.Module):
    """Two linear layers."""

    def __init__(self, out: Callable[[Tensor], Any] | None = None) -> None:
        """8 to 16 to 5 features, and what is made of the outcome."""
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 5)
        self.out = out

    def forward(self, rows: Tensor) -> Any:
        """Logits [N, L, 5], or what is made of them."""
        logits = self.two(torch.relu(self.one(rows)))
        return logits if self.out is None else self.out(logits)


class Simple(nn.Module):
    """The same in words that TorchScript knows."""

    def __init__(self) -> None:
        """8 to 16 to 5 features."""
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 5)

    def forward(self, rows: Tensor) -> Tensor:
        """Logits [N, L, 5]."""
        return self.two(torch.relu(self.one(rows)))


class Bilinear(nn.Bilinear):
    """A bilinear layer of one input with itself."""

    def forward(self, rows: Tensor) -> Tensor:  # type: ignore[override]  # of one
        """[N, L, out]."""
        return super().forward(rows, rows)


class WeightedBag(nn.Module):
    """A sum of words' vectors, each times a weight that is data."""

    def __init__(self) -> None:
        """Twelve words."""
        super().__init__()
        self.words = nn.EmbeddingBag(12, 8, mode="sum")

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, F] to [N, 8]."""
        ids = (rows.flatten(1) * 12).long()
        return self.words(ids, per_sample_weights=rows.flatten(1))


@dataclass
class Output:
    """What a model returns that is no tensor."""

    logits: Tensor


@torch.library.custom_op("benchbench_corpus::project", mutates_args=())
def project(rows: Tensor, weight: Tensor) -> Tensor:
    """An operator of somebody's own."""
    return rows @ weight


def quantised() -> nn.Module:
    """Weights in 8 bit, packed away."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch calls its own quantisation deprecated
        model: nn.Module = torch.ao.quantization.quantize_dynamic(Simple().eval(), {nn.Linear})
    return model


def old(made: Callable[[], nn.Module]) -> Callable[[], nn.Module]:
    """A builder that PyTorch warns of: TorchScript is deprecated."""

    def build() -> nn.Module:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return made()

    return build


def compiled() -> nn.Module:
    """A module that is compiled where it is run."""
    model: nn.Module = torch.compile(Simple())
    return model


def compiled_inside() -> nn.Module:
    """A box around one that is compiled, and one compiled in place."""
    net = nn.Sequential(torch.compile(nn.Linear(8, 16)), nn.ReLU(), nn.Linear(16, 5))
    net[2].compile()
    return net


def exported() -> nn.Module:
    """A program of one sample."""
    model: nn.Module = torch.export.export(Simple(), (torch.rand(1, *ROWS[1:]),)).module()
    return model


NET = 6 * 8 * 16 + 6 * 16 * 5

# Name, how it is built, mult-adds per sample where it is counted, what the reason says where not.
MODELS: list[tuple[str, Callable[[], nn.Module], int | None, str]] = [
    ("returns a dict", partial(Net, lambda y: {"logits": y}), NET, ""),
    ("returns a tuple", partial(Net, lambda y: (y, None)), NET, ""),
    ("returns a dataclass", partial(Net, Output), NET, ""),
    ("torch.compile", compiled, NET, ""),
    ("torch.compile inside", compiled_inside, NET, ""),
    ("scripted", old(lambda: torch.jit.script(Simple())), None, "TorchScript"),
    ("traced", old(lambda: torch.jit.trace(Simple(), torch.rand(ROWS))), None, "TorchScript"),
    (
        "scripted inside",
        old(lambda: nn.Sequential(nn.Linear(8, 8), torch.jit.script(Simple()))),
        None,
        "TorchScript",
    ),
    (
        "scripted, frozen",
        old(lambda: torch.jit.freeze(torch.jit.script(Simple().eval()))),
        None,
        "TorchScript",
    ),
    ("exported", exported, NET, ""),
    ("dynamic int8", quantised, None, "before it is quantised"),
    ("bilinear", lambda: Bilinear(8, 8, 5), None, "matmul, einsum"),
    ("embedding bag, weighted", WeightedBag, None, "matmul, einsum"),
    (
        "custom operator",
        partial(Does, lambda x, w: project(x, w), (8, 5)),  # noqa: PLW0108 - it has no copy
        None,
        "an operator of 'benchbench_corpus'",
    ),
    (
        "sparse weight",
        partial(Does, lambda x, w: torch.sparse.mm(w.t().to_sparse(), x.flatten(0, 1).t()), (8, 5)),
        None,
        "sparse",
    ),
    (
        "complex product",
        partial(Does, lambda x, w: (x.to(torch.complex64) @ w.to(torch.complex64)).abs(), (8, 5)),
        None,
        "complex",
    ),
    (
        "complex convolution",
        lambda: nn.Conv1d(6, 5, 3, dtype=torch.complex64),
        3 * 5 * 6 * 3 * 6,
        "",
    ),
    (
        "broadcast product, summed",
        partial(Does, lambda x, w: (x[..., None] * w).sum(-2), (8, 5)),
        None,
        "matmul, einsum",
    ),
    (
        "Fourier convolution",
        partial(Does, lambda x, w: torch.fft.irfft(torch.fft.rfft(x) * w), (5,)),
        None,
        "fft",
    ),
    (
        "a matrix no product saw",
        partial(Does, lambda x, w, s: (x @ w) * s.sum(0), (8, 5), (3, 5)),
        PLAIN,
        "",
    ),
]


def entries() -> Iterator[Entry]:
    """All of them."""
    for name, build, by_hand, refused in MODELS:
        complex_rows = name == "complex convolution"
        rows = (1, *ROWS[1:]) if name == "exported" else ROWS
        inputs = (
            partial(torch.rand, *ROWS, dtype=torch.complex64)
            if complex_rows
            else partial(batch, rows, half=False)
        )
        yield Entry(name, "torch", build, inputs, by_hand, refused=refused)
