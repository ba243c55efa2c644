"""A new user's file of models and data, and a suite of a few lines: everything is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from fixtures_user import UserRun, user_run

if TYPE_CHECKING:
    from pathlib import Path

MY = """
import torch
from torch import nn

def cifar(count=64):
    draw = torch.Generator().manual_seed(0)
    x = torch.randint(0, 256, (count, 3, 32, 32), dtype=torch.uint8, generator=draw)
    y = torch.arange(count) % 10
    return {"train": (x, y), "test": (x[:20], y[:20])}

def tokens(count=48):
    draw = torch.Generator().manual_seed(0)
    x = torch.randint(0, 50, (count, 12), generator=draw)
    return {"train": (x, torch.arange(count) % 4), "test": (x, torch.arange(count) % 4)}

class Net(nn.Module):
    '''Two layers and a neuron of whatever framework; the neuron's state is the caller's.'''
    def __init__(self, neuron, steps=4):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(3, 8, 3, stride=2), nn.Linear(8 * 15 * 15, 10)
        self.first, self.second, self.steps = neuron(), neuron(), steps
    def forward(self, x):
        one = two = None
        out = []
        for _ in range(self.steps):
            spikes, one = self.first(self.conv(x), one)
            spikes, two = self.second(self.fc(spikes.flatten(1)), two)
            out.append(spikes)
        return torch.stack(out).mean(0)

class Fire(torch.autograd.Function):
    @staticmethod
    def forward(ctx, v):
        ctx.save_for_backward(v)
        return (v > 0).to(v.dtype)
    @staticmethod
    def backward(ctx, grad):
        (v,) = ctx.saved_tensors
        return grad / (1 + v.abs()) ** 2

class HandLIF(nn.Module):
    def forward(self, x, v=None):
        v = x if v is None else v / 2 + x
        spikes = Fire.apply(v - 0.1)
        return spikes, v * (1 - spikes)

class Words(nn.Module):
    def __init__(self, num_classes=4):
        super().__init__()
        self.embed, self.out = nn.Embedding(50, 16), nn.Linear(16, num_classes)
        self.mix = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
    def forward(self, ids):
        return self.out(self.mix(self.embed(ids)).mean(1))

def hand(): return Net(HandLIF)
def words(num_classes=4): return Words(num_classes)
def snntorch():
    import snntorch
    return Net(lambda: snntorch.Leaky(beta=0.5, threshold=0.1, reset_mechanism="zero"))
def norse():
    from norse.torch import LIFBoxCell, LIFBoxParameters
    p = LIFBoxParameters(tau_mem_inv=torch.tensor(500.0), v_th=torch.tensor(0.05))
    return Net(lambda: LIFBoxCell(p))
def vit(num_classes=10):
    from transformers import ViTConfig, ViTForImageClassification
    return ViTForImageClassification(ViTConfig(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        image_size=32, patch_size=8, num_labels=num_classes))
"""
SUITE = """
benchbench: 1
name: mine
data: my.py:cifar
settings: { repeats: 1, window_s: 0.05, window_iterations: 1, warmup_s: 0, warmup_iterations: 1,
  warmup_cap_s: 0.5, idle_s: 0, images: 16, batch_size: 8, train_steps: 2 }
models:
"""
PARAMS = (27 * 8 + 8) + (8 * 15 * 15 * 10 + 10)
MACS = 4 * (27 * 8 * 15 * 15 + 8 * 15 * 15 * 10)


def run(folder: Path, models: str) -> UserRun:
    """A run of these models, all of which went well."""
    found = user_run(folder, MY, SUITE + models, "my")
    assert found.code == 0, found.said
    return found


@pytest.mark.slow
@pytest.mark.parametrize("framework", ["hand", "snntorch", "norse"])
def test_a_spiking_model_of_any_framework(tmp_path: Path, framework: str) -> None:
    """Size, mult-adds, SynOps, rates, speed, modelled energy and a report."""
    if framework != "hand":
        pytest.importorskip(framework, reason=f"{framework} is not installed: [frameworks]")
    found = run(tmp_path, f'  - {{ id: it, model: "my.py:{framework}" }}\n')
    cells, kept = found.cells, found.kept
    figures = cells["it"]["measurements"]
    assert figures["params"]["value"] == PARAMS
    assert figures["macs_dense"]["value"] == MACS
    assert cells["it"]["facts"]["T"] == "4"
    assert 0 < figures["synops_exact"]["value"] < MACS
    assert 0 < figures["firing_rate"]["value"] < 1
    for name in ("infer_fps", "train_fps", "modelled_compute_fp32"):
        assert figures[name]["value"] > 0
    assert "SynOps, exact" in (kept / "report.md").read_text("utf-8")


@pytest.mark.slow
def test_models_of_tokens_and_with_an_output_of_parts(tmp_path: Path) -> None:
    """A transformer of token numbers, and a ViT that answers with a dataclass."""
    pytest.importorskip("transformers", reason="transformers is not installed: [corpus]")
    models = """  - { id: words, model: "my.py:words", data: "my.py:tokens" }
  - { id: vit, model: "my.py:vit", train: { epochs: 1 } }
"""
    cells = run(tmp_path, models).cells
    for cell in cells.values():
        for name in ("params", "macs_dense", "infer_fps", "train_fps", "modelled_compute_fp32"):
            assert cell["measurements"][name]["value"] > 0, name
        assert cell["measurements"]["synops_exact"]["value"] in {None, 0}
    assert cells["vit"]["measurements"]["accuracy"]["n"] == 20
    # Patches, and of each layer q, k, v, out, two of the MLP, and both products of the attention.
    each = 4 * 17 * 32 * 32 + 2 * 17 * 32 * 64 + 2 * 17 * 17 * 32
    wanted = 16 * 3 * 64 * 32 + 2 * each + 32 * 10
    assert cells["vit"]["measurements"]["macs_dense"]["value"] == wanted
