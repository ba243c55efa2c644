"""Plain torch: every way in which a product is written, each worked out by hand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from corpus_entry import Entry
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm
from torch.utils.checkpoint import checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Does", "entries"]

ROWS = (2, 6, 8)  # [N, L, features]
IMAGES = (2, 4, 8, 8)


class Does(nn.Module):
    """Whatever a function does with a batch and parameters of the shapes given."""

    def __init__(self, run: Callable[..., Any], *shapes: tuple[int, ...]) -> None:
        """Random parameters."""
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(torch.rand(shape)) for shape in shapes)
        self.run = run

    def forward(self, batch: Tensor) -> Any:
        """What the function gives."""
        return self.run(batch, *self.weights)


class Buffered(nn.Module):
    """A weight that is no parameter."""

    def __init__(self) -> None:
        """One buffer [8, 5]."""
        super().__init__()
        self.register_buffer("weight", torch.rand(8, 5))

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        return rows @ self.weight


class Attention(nn.MultiheadAttention):
    """Attention of one sequence to itself, which in eval mode takes a fused path."""

    def forward(self, rows: Tensor) -> Tensor:  # type: ignore[override]  # of one
        """[N, L, features]."""
        return super().forward(rows, rows, rows, need_weights=False)[0]


class Tied(nn.Module):
    """A language model's head that is its embedding."""

    def __init__(self) -> None:
        """Twelve words."""
        super().__init__()
        self.words, self.head = nn.Embedding(12, 8), nn.Linear(8, 12, bias=False)
        self.head.weight = self.words.weight

    def forward(self, ids: Tensor) -> Tensor:
        """[N, L] to [N, L, 12]."""
        return self.head(self.words(ids))


class Bag(nn.Module):
    """The mean of words' vectors, and a linear layer."""

    def __init__(self) -> None:
        """Twelve words."""
        super().__init__()
        self.words, self.head = nn.EmbeddingBag(12, 8), nn.Linear(8, 5)

    def forward(self, ids: Tensor) -> Tensor:
        """[N, L] to [N, 5]."""
        return self.head(self.words(ids))


class Checkpointed(nn.Module):
    """Parts that are run again for their gradients."""

    def __init__(self) -> None:
        """Two layers."""
        super().__init__()
        self.one, self.two = nn.Linear(8, 16), nn.Linear(16, 5)

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        return self.two(checkpoint(self.one, rows, use_reentrant=False))


class Called(nn.Module):
    """A linear layer run by `torch.func.functional_call` with weights of its owner's."""

    def __init__(self) -> None:
        """One layer and another weight."""
        super().__init__()
        self.layer = nn.Linear(8, 5)
        self.other = nn.Parameter(torch.rand(5, 8))

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        out: Tensor = torch.func.functional_call(self.layer, {"weight": self.other}, (rows,))
        return out


class Vector(nn.Module):
    """All weights are views of one vector, as optimisers of the second order want them."""

    def __init__(self) -> None:
        """Two layers."""
        super().__init__()
        self.net = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 5))
        flat = nn.utils.parameters_to_vector(self.net.parameters()).detach().clone()
        nn.utils.vector_to_parameters(flat, self.net.parameters())

    def forward(self, rows: Tensor) -> Tensor:
        """[N, L, 5]."""
        return self.net(rows)


def unfolded(images: Tensor, weight: Tensor) -> Tensor:
    """A 3x3 convolution as unfold and a matrix product."""
    return weight @ functional.unfold(images, 3, padding=1)


def attended(rows: Tensor, weight: Tensor) -> Tensor:
    """Scaled dot-product attention of two heads behind one projection."""
    q, k, v = (rows @ weight).unflatten(-1, (3, 2, 4)).permute(2, 0, 3, 1, 4)
    return functional.scaled_dot_product_attention(q, k, v)


def batched(rows: Tensor, weight: Tensor) -> Tensor:
    """A product and a sum in one (baddbmm)."""
    return torch.baddbmm(torch.zeros(1), rows, weight.expand(len(rows), 8, 5))


def pruned() -> nn.Module:
    """Half of the weights are masked."""
    layer = nn.Linear(8, 5)
    prune.l1_unstructured(layer, "weight", 0.5)
    return nn.Sequential(layer)


def stacked(kind: type[nn.RNNBase], **told: Any) -> Callable[[], nn.Module]:
    """A recurrent layer of 8 features and 4 units."""
    return partial(kind, 8, 4, batch_first=True, **told)


PLAIN = 6 * 8 * 5  # six rows of 8 through a linear layer to 5
IMAGE = 3 * 4 * 9 * 64  # a 3x3 convolution of 4 to 3 channels, 8 x 8

# Name, how it is built, the batch's shape (None: token ids [2, 6]), mult-adds per sample.
MODELS: list[tuple[str, Callable[[], nn.Module], tuple[int, ...] | None, int]] = [
    ("linear on sequences", lambda: nn.Linear(8, 5), ROWS, PLAIN),
    ("conv2d, dilated", lambda: nn.Conv2d(4, 3, 3, padding=2, dilation=2), IMAGES, IMAGE),
    ("conv2d, grouped", lambda: nn.Conv2d(4, 4, 3, padding=1, groups=2), IMAGES, 4 * 2 * 9 * 64),
    ("conv2d, padding same", lambda: nn.Conv2d(4, 3, 3, padding="same"), IMAGES, IMAGE),
    ("conv1d, strided", lambda: nn.Conv1d(6, 5, 3, stride=2), ROWS, 5 * 6 * 3 * 3),
    ("conv3d", lambda: nn.Conv3d(2, 3, 3, padding=1), (2, 2, 4, 4, 4), 3 * 2 * 27 * 64),
    ("conv transpose", lambda: nn.ConvTranspose2d(4, 3, 3, 2), IMAGES, IMAGE),
    ("unfold and matmul", partial(Does, unfolded, (3, 36)), IMAGES, IMAGE),
    ("einsum", partial(Does, lambda x, w: torch.einsum("nlf,fk->nlk", x, w), (8, 5)), ROWS, PLAIN),
    (
        "einsum of three",
        partial(Does, lambda x, a, b: torch.einsum("nlf,fk,km->nlm", x, a, b), (8, 4), (4, 5)),
        ROWS,
        6 * 8 * 4 + 6 * 4 * 5,
    ),
    ("tensordot", partial(Does, lambda x, w: torch.tensordot(x, w, 1), (8, 5)), ROWS, PLAIN),
    ("inner", partial(Does, torch.inner, (5, 8)), ROWS, PLAIN),
    ("matmul, a vector", partial(Does, torch.matmul, (8,)), ROWS, 6 * 8),
    ("baddbmm", partial(Does, batched, (8, 5)), ROWS, PLAIN),
    (
        "chain_matmul",
        partial(
            Does, lambda x, a, b: torch.linalg.multi_dot([x.flatten(0, 1), a, b]), (8, 2), (2, 5)
        ),
        ROWS,
        6 * 8 * 2 + 6 * 2 * 5,
    ),
    (
        "scaled_dot_product_attention",
        partial(Does, attended, (8, 24)),
        ROWS,
        6 * 8 * 24 + 2 * 2 * 6 * 6 * 4,
    ),
    (
        "MultiheadAttention",
        lambda: Attention(8, 2, batch_first=True),
        ROWS,
        4 * 6 * 8 * 8 + 2 * 6 * 6 * 8,
    ),
    (
        "TransformerEncoderLayer",
        lambda: nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        ROWS,
        4 * 6 * 64 + 2 * 36 * 8 + 2 * 6 * 8 * 16,
    ),
    ("LSTM", stacked(nn.LSTM), ROWS, 6 * 4 * 4 * (8 + 4)),
    (
        "LSTM, two layers, both ways",
        stacked(nn.LSTM, num_layers=2, bidirectional=True),
        ROWS,
        2 * 6 * 16 * (8 + 4) + 2 * 6 * 16 * (8 + 4),
    ),
    ("LSTM, projected", stacked(nn.LSTM, proj_size=2), ROWS, 6 * (16 * (8 + 2) + 4 * 2)),
    ("GRU", stacked(nn.GRU), ROWS, 6 * 3 * 4 * (8 + 4)),
    ("RNN", stacked(nn.RNN), ROWS, 6 * 4 * (8 + 4)),
    ("LSTMCell", lambda: nn.LSTMCell(8, 4), (2, 8), 16 * (8 + 4)),
    ("embedding bag", Bag, None, 8 * 5),
    ("tied weights", Tied, None, 6 * 8 * 12),
    ("weight norm", lambda: parametrizations.weight_norm(nn.Linear(8, 5)), ROWS, PLAIN),
    ("weight norm, old", lambda: weight_norm(nn.Linear(8, 5)), ROWS, PLAIN),
    (
        "spectral norm",
        lambda: nn.Sequential(parametrizations.spectral_norm(nn.Linear(8, 5))),
        ROWS,
        PLAIN + 8 * 5 + 5,
    ),
    ("spectral norm, old", lambda: spectral_norm(nn.Linear(8, 5)), ROWS, PLAIN + 8 * 5 + 5),
    ("pruned", pruned, ROWS, PLAIN),
    ("weight in a buffer", Buffered, ROWS, PLAIN),
    ("weight times a mask", partial(Does, lambda x, w: x @ (w * (w > 0.5)), (8, 5)), ROWS, PLAIN),
    (
        "low-rank update",
        partial(Does, lambda x, w, a, b: x @ (w + a @ b), (8, 5), (8, 2), (2, 5)),
        ROWS,
        PLAIN + 80,
    ),
    ("checkpointed", Checkpointed, ROWS, 6 * 8 * 16 + 6 * 16 * 5),
    ("functional_call", Called, ROWS, PLAIN),
    ("one vector of weights", Vector, ROWS, 6 * 8 * 16 + 6 * 16 * 5),
    ("half precision", lambda: nn.Linear(8, 5).half(), ROWS, PLAIN),
]


def entries() -> Iterator[Entry]:
    """All of them."""
    for name, build, shape, by_hand in MODELS:
        half = name == "half precision"
        yield Entry(name, "torch", build, partial(batch, shape, half=half), by_hand)


def batch(shape: tuple[int, ...] | None, *, half: bool) -> Tensor:
    """Random rows or images, or token ids."""
    if shape is None:
        return torch.randint(12, (2, 6))
    rows = torch.rand(shape)
    return rows.half() if half else rows
