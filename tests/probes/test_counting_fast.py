"""What makes counting quick changes nothing of what is counted."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from benchbench.probes.counting.hooks import NotFiniteError, watch
from benchbench.probes.counting.macs import Geometry, convolution, count_nonzero, product


def of_few_values(shape: tuple[int, ...], values: list[float], seed: int) -> Tensor:
    """Each element is one of `values`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.tensor(values)[torch.randint(len(values), shape, generator=generator)]


SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 300), st.integers(1, 5), st.integers(1, 7))
VALUES = st.sampled_from([[0.0, 1.0], [0.0], [1.0], [0.0, 0.5, 1.0], [-1.0, 0.0, 1.0], [0.0, 2.0]])


@settings(max_examples=60)
@given(shape=SHAPES, values=VALUES, seed=st.integers(0, 99))
def test_zeros_and_spikes_are_counted_as_torch_does(
    shape: tuple[int, int, int, int], values: list[float], seed: int
) -> None:
    """Of any shape, more rows than a byte can count among them."""
    data = of_few_values(shape, values, seed)
    binary = bool(((data == 0) | (data == 1)).all())
    plain = Geometry((1, 1), (0, 0), (1, 1))
    tally = convolution(data, torch.ones(2, shape[1], 1, 1), shape[2:], plain)
    assert count_nonzero(data) == tally.nonzero == int(torch.count_nonzero(data))
    assert tally.macs_effective == 2 * tally.nonzero
    assert tally.binary == binary
    left = data.flatten(1)[None]
    assert product(left, torch.ones(1, left.shape[2], 3), "right").binary == binary


def test_what_is_not_a_number_is_no_spike() -> None:
    """NaN among ones, and nothing at all."""
    data = torch.ones(1, 1, 3)
    data[0, 0, 1] = torch.nan
    assert not product(data, torch.ones(1, 3, 2), "right").binary
    assert product(torch.ones(1, 0, 3), torch.ones(1, 3, 2), "right").binary
    assert count_nonzero(torch.zeros(0, 4)) == 0
    assert count_nonzero(torch.tensor(2.0)) == 1


@pytest.mark.parametrize(
    "values", [[torch.inf, -torch.inf, 0.0], [torch.nan, 0.0, 0.0], [torch.inf, 0.0, 1.0]]
)
def test_what_is_not_finite_is_found(values: list[float]) -> None:
    """One element is enough, and two infinities do not hide each other."""
    layer = nn.ReLU()
    with watch({"relu": layer}), pytest.raises(NotFiniteError, match="input of relu"):
        layer(torch.tensor(values))


def test_a_sum_that_runs_over_is_no_fault() -> None:
    """The elements decide: these are finite, their sum is not."""
    layer = nn.ReLU()
    with watch({"relu": layer}) as activity:
        layer(torch.tensor([3e38, 3e38, 3e38]))
    assert activity["relu"].nonzero == 3


@pytest.mark.slow
def test_counting_does_not_load_the_compiler() -> None:
    """Which takes as long to import as torch; and what it is shielded with is as it was."""
    code = """
import sys, torch, benchbench
from torch.utils._python_dispatch import TorchDispatchMode
net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten())
assert benchbench.count(net, torch.rand(4, 1, 8, 8))["macs_dense"].value == 648
print("torch._dynamo" in sys.modules, [
    kind for kind in TorchDispatchMode.__subclasses__()
    if hasattr(getattr(vars(kind).get("__torch_dispatch__"), "__wrapped__", None),
               "__dynamo_disable")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "False []"
