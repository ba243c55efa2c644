"""Models that misbehave, each in one way; `faulty_models` has what their rows must say.

They are a suite's models: each is built and run in a worker of its own, and nowhere else.
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from collections.abc import Callable

KEPT: list[Any] = []


class Acting(nn.Module):
    """A small network that does something else before its first pass."""

    def __init__(self, act: Callable[[], object]) -> None:
        """Keep what is done."""
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(2304, 8), nn.ReLU(), nn.Linear(8, 7))
        self.act: Callable[[], object] | None = act

    def forward(self, x: Tensor) -> Tensor:  # [N, 1, 48, 48] -> [N, 7]
        """Do it once, and then what a model does."""
        act, self.act = self.act, None
        if act is not None:
            act()
        return self.layers(x)


def acting(act: Callable[[], object]) -> Callable[[], nn.Module]:
    """A model that calls a function in its first pass."""

    @wraps(act)
    def build() -> nn.Module:
        return Acting(act)

    return build


def well() -> nn.Module:
    """The neighbour that behaves."""
    return Acting(lambda: None)


# What raises.


def raises_when_built() -> nn.Module:
    raise ValueError("broken on purpose")


@acting
def raises_in_forward() -> None:
    raise ArithmeticError("no way forward")


class _NoWayBack(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise ArithmeticError("no way back")


class _Backward(Acting):
    def forward(self, x: Tensor) -> Tensor:
        return _NoWayBack.apply(super().forward(x))


def raises_in_backward() -> nn.Module:
    return _Backward(lambda: None)


class _Training(Acting):
    def forward(self, x: Tensor) -> Tensor:
        if self.training and torch.is_grad_enabled():
            raise ArithmeticError("not in training")
        return super().forward(x)


def raises_in_training() -> nn.Module:
    return _Training(lambda: None)


@acting
def raises_without_end() -> None:
    raises_without_end.__wrapped__()


class _NoText(Exception):
    def __str__(self) -> str:
        raise SystemExit(0)


@acting
def raises_what_has_no_text() -> None:
    raise _NoText


@acting
def raises_control_characters() -> None:
    raise ValueError("a\x1b[31mred\x00\r\n\tand \udcff half a letter ü")


@acting
def raises_ten_megabytes() -> None:
    raise ValueError("long " * 2_000_000)


@acting
def raises_a_group() -> None:
    raise ExceptionGroup("several", [ValueError("one"), TypeError("two")])


@acting
def raises_keyboard_interrupt() -> None:
    raise KeyboardInterrupt


@acting
def exits() -> None:
    sys.exit(0)


# What changes the world of its own process.


@acting
def patches_linear() -> None:
    whole = nn.functional.linear
    nn.functional.linear = lambda *given: whole(*given) * 2


@acting
def patches_the_seed() -> None:
    torch.manual_seed = None  # type: ignore[assignment]


@acting
def patches_addition() -> None:
    Tensor.__add__ = lambda self, _: self  # type: ignore[method-assign]


@acting
def goes_elsewhere() -> None:
    os.chdir("/")


@acting
def goes_where_nothing_is() -> None:
    place = tempfile.mkdtemp()
    os.chdir(place)
    Path(place).rmdir()


@acting
def computes_in_doubles() -> None:
    torch.set_default_dtype(torch.float64)


@acting
def takes_64_threads() -> None:
    torch.set_num_threads(64)


@acting
def forbids_gradients() -> None:
    torch.set_grad_enabled(mode=False)


@acting
def makes_warnings_errors() -> None:
    warnings.simplefilter("error")
    warnings.warn("it has warned", UserWarning, stacklevel=1)


@acting
def changes_the_environment() -> None:
    os.environ.clear()
    os.environ["LC_ALL"] = "tr_TR"


# What answers wrongly.


class _Answers(nn.Module):
    def __init__(self, answer: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.layers, self.answer = well(), answer

    def forward(self, x: Tensor) -> object:
        return self.answer(self.layers(x))


def answers_nan() -> nn.Module:
    return _Answers(lambda y: y * float("nan"))


def answers_text() -> nn.Module:
    return _Answers(lambda _: "seven")


def answers_for_others() -> nn.Module:
    return _Answers(lambda y: torch.cat([y, y]))


class _Wiping(Acting):
    def forward(self, x: Tensor) -> Tensor:
        x.zero_()
        return super().forward(x)


def wipes_its_input() -> nn.Module:
    return _Wiping(lambda: None)
