"""Damaged checkpoints: the same weights, or a sentence."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import torch
from outcomes import Outcome, said, written

from benchbench.errors import BenchbenchError
from benchbench.training.weights import load_weights

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CHECKPOINT", "weights"]


def _net() -> torch.nn.Sequential:
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4), torch.nn.Linear(4, 2)
    )


def _checkpoint() -> bytes:
    out = io.BytesIO()
    torch.save({"benchbench": 1, "about": {"model": "x"}, "state_dict": _net().state_dict()}, out)
    return out.getvalue()


CHECKPOINT = _checkpoint()


def weights(content: bytes, folder: Path) -> Outcome:
    """What is accepted are the weights that were."""
    net = _net()
    for parameter in net.parameters():
        torch.nn.init.zeros_(parameter)
    try:
        load_weights(net, written(folder / "w.pt", content))
    except BenchbenchError as error:
        return said(error)
    for name, tensor in _net().state_dict().items():
        assert tensor.equal(net.state_dict()[name]), f"other weights without a word: {name}"
    return "accepted"
