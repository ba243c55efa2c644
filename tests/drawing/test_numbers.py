"""The numbers behind the paper's figures, against what the test counts by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import functional

import benchbench
from benchbench import zoo
from benchbench.data import load
from benchbench.drawing import curves, encoders, poisson, samples
from benchbench.drawing.catalogue import SUBJECTS
from benchbench.drawing.confusion import matrix_of
from benchbench.drawing.images import first_of
from benchbench.drawing.learnt import Learnt, Lesson, stored, suite_of
from benchbench.errors import ModelError

REFERENCE = Path(__file__).parents[2] / "reports" / "reference"
TRAINED = REFERENCE / "train-conv_snn" / "20261124-101104"


def test_poisson_spikes_approach_the_image_as_fast_as_they_should() -> None:
    """The share of steps with a spike lies within the binomial bound of each pixel's value."""
    image = first_of(load("synthetic_faces"), "Training", "disgust").values
    spikes = poisson.spikes_of(image, 512, seed=0)
    assert set(np.unique(spikes)) == {0, 1}
    for steps in (128, 512):
        found = poisson.superposed(spikes, steps)
        spread = np.sqrt(image * (1 - image) / steps)
        assert (np.abs(found - image) <= 5 * spread + 1e-6).all()  # 2,304 pixels, 6e-7 each
        z = (found - image)[spread > 0] / spread[spread > 0]
        assert 0.9 < z.std() < 1.1  # and no closer than chance allows: nothing is smoothed


def test_poisson_spikes_of_black_and_white_are_certain() -> None:
    """A black pixel never fires, a white one always, and each step draws anew from the seed."""
    image = np.array([[0.0, 1.0, 0.5]], dtype=np.float32)
    before = torch.random.get_rng_state()
    spikes = poisson.spikes_of(image, 400, seed=3)
    assert torch.equal(before, torch.random.get_rng_state())
    assert spikes[:, 0, :2].mean(0).tolist() == [0, 1]
    assert 0 < spikes[:, 0, 2].mean() < 1
    assert (spikes == poisson.spikes_of(image, 400, seed=3)).all()
    assert (spikes != poisson.spikes_of(image, 400, seed=4)).any()


@pytest.mark.parametrize("steps", [4, 7])
def test_cumulative_spikes_are_the_sum_of_what_hooks_count(steps: int) -> None:
    """At every step they equal the running sum of a single-step model's own spikes."""
    torch.manual_seed(0)
    model = zoo.build("conv_snn", {"T": steps}, Path.cwd(), num_classes=7).eval()
    image = first_of(load("synthetic_faces"), "PrivateTest", "happy").values
    found = encoders.cumulative(model, image)
    functional.set_step_mode(model, "s")  # another walk through time than the one that is drawn
    counted: dict[str, list[np.ndarray]] = {"0": [], "5": []}
    for name, seen in counted.items():
        model.get_submodule(f"conv.{name}").register_forward_hook(
            lambda _, __, out, seen=seen: seen.append(out[0].numpy())
        )
    with torch.no_grad():
        functional.reset_net(model)
        model(torch.from_numpy(image)[None, None])
    for drawn, name in zip(found, counted, strict=True):
        assert len(counted[name]) == steps
        sums = np.cumsum(counted[name], axis=0)
        assert drawn[-1].sum() > 0
        assert np.mean(drawn != sums) < 1e-4  # a sum of floats at the threshold, at most
    assert found.first.shape[1:] == (128, 48, 48)
    assert found.second.shape[1:] == (128, 12, 12)
    assert (np.diff(found.first, axis=0) >= 0).all()


def test_weights_that_are_not_here_are_told() -> None:
    """A run whose weights lie on another machine has no spikes to be drawn."""
    found = stored(SUBJECTS["t4"], benchbench.load(TRAINED))
    assert found is not None
    with pytest.raises(ModelError, match="its trained weights are not here"):
        encoders.trained_model(found)


def test_a_sheet_of_channels_has_each_where_it_belongs() -> None:
    """Channel 17 is the second tile of the second row."""
    maps = np.arange(128)[:, None, None] * np.ones((1, 12, 12), dtype=np.int64)
    sheet = encoders.tiled(maps.astype(np.int64), most=999)
    assert sheet[13:25, 13:25].tolist() == maps[17].tolist()
    assert sheet.shape == (8 * 13 - 1, 16 * 13 - 1)


def test_samples_are_of_their_class_and_not_black() -> None:
    """A class has its own images, and an all-black one is passed over."""
    data = load("synthetic_faces").split("PublicTest")
    black = samples.rows_of(data)[2][0]
    data.images.setflags(write=True)
    data.images[black] = 0
    for label, rows in enumerate(samples.rows_of(data)):
        assert len(rows) == 3
        assert set(data.labels[rows].tolist()) == {label}
        assert black not in rows


def test_the_confusion_matrix_has_as_many_images_as_each_class() -> None:
    """Its rows add up to the labels that the run kept, its diagonal to the accuracy."""
    run = benchbench.load(TRAINED)
    found = stored(SUBJECTS["t4"], run)
    assert isinstance(found, Learnt)
    matrix, figure = matrix_of(found), found.cell.measurements["accuracy"]
    distribution = run.data["distribution"]
    wanted = [distribution[name]["PrivateTest"] for name in figure.detail["classes"]]
    assert matrix.sum(1).tolist() == wanted
    assert matrix.trace() / matrix.sum() == pytest.approx(figure.value)


def test_the_best_epoch_is_the_one_whose_weights_were_kept() -> None:
    """The first of the highest counts, after STDP where that is higher still."""
    found = stored(SUBJECTS["t4"], benchbench.load(TRAINED))
    assert found is not None
    best = curves.best_of(found.curve)
    assert f"after epoch {best.epoch} ({best.after})" in found.cell.facts["weights"]
    line = {"epoch": 1, "accuracy_public": 0.5, "accuracy_public_after_stdp": 0.6}
    later = {"epoch": 2, "accuracy_public": 0.6, "accuracy_public_after_stdp": None}
    assert curves.best_of([line, later]) == (1, 0.6, "STDP")


def test_another_network_is_not_taken_for_it() -> None:
    """A stored T = 4 on FER2013's labels is neither T = 8, nor FER+, nor the CNN."""
    run = benchbench.load(TRAINED)
    assert [name for name, it in SUBJECTS.items() if stored(it, run)] == ["t4"]


def test_each_training_is_the_paper_s_but_for_its_length() -> None:
    """Batch 16, learning rate 1e-3, and STDP and FER+ where the figure has them."""
    lesson = Lesson(epochs=3, images=None, patience=None, seed=1)
    for name, subject in SUBJECTS.items():
        suite = suite_of(name, subject, lesson)
        settings = suite.settings_of(suite.models[0])
        assert (settings.batch_size, settings.learning_rate, settings.repeats) == (16, 1e-3, 0)
        assert settings.train is not None
        assert (settings.train.images, settings.train.test_images) == (None, None)
        assert (settings.train.stdp is not None) == (name == "t8_poisson_stdp")
        assert (suite.models[0].data is not None) == (name == "t4_plus")
