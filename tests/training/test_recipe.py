"""What a recipe may say beyond the paper's: augmentation, schedule, decay, class weights, seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import torch
from sklearn.utils.class_weight import compute_class_weight
from test_training import ended, train, weights
from torch import nn

from benchbench.data.inputs import Inputs
from benchbench.data.samples import samples_of
from benchbench.errors import DataError, SuiteError
from benchbench.metrics.statistics import t_interval
from benchbench.suite import loader
from benchbench.suite.schema import Settings
from benchbench.suite.training import Slim, Stdp, Train
from benchbench.training import epoch_callback
from benchbench.training.augment import augmented, flip_crop
from benchbench.training.learner import Learner
from benchbench.training.loss import balanced, loss_of
from benchbench.training.trainer import Recipe, fit
from benchbench.training.weight_store import Store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_flipped_crop_is_a_part_of_the_padded_image() -> None:
    """Each image is one of the 81 windows of itself or of its mirror image; both are drawn."""
    torch.manual_seed(0)
    images = torch.arange(64 * 2 * 48 * 48).reshape(64, 2, 48, 48).float() + 1
    found, seen = flip_crop(images), set()
    assert found.shape == images.shape
    assert found.is_contiguous()
    for before, after in zip(images, found, strict=True):
        every = {
            (mirrored, top, left)
            for mirrored in (False, True)
            for top in range(9)
            for left in range(9)
            if torch.equal(_window(before, top, left, mirrored=mirrored), after)
        }
        assert len(every) == 1
        seen |= every
    assert {mirrored for mirrored, _, _ in seen} == {False, True}
    assert {top for _, top, _ in seen} == {left for _, _, left in seen} == {*range(9)}


def _window(image: torch.Tensor, top: int, left: int, *, mirrored: bool) -> torch.Tensor:
    image = image.flip(-1) if mirrored else image
    padded = nn.functional.pad(image, (4, 4, 4, 4))
    return padded[:, top : top + 48, left : left + 48]


@pytest.mark.parametrize(
    ("recipe", "key"),
    [
        (Train(), "23f34470e1d0e9c8e208bbdccc7850247a215928bb90e0b9ffc482206d38737f"),
        (Train(5, patience=2), "4b73721677cf61999923af6134bd5314d29d4b215b506474cf3aaa36be743b48"),
    ],
)
def test_what_several_devices_train_has_a_key_of_its_own(recipe: Train, key: str) -> None:
    """Each has its own batches, and the gradient is the mean; what one trains has its old key."""
    assert Store({"a": 1}, recipe).key == key
    assert Store({"a": 1}, replace(recipe, seeds=3)).key == key
    assert len({Store({"a": 1}, replace(recipe, devices=n)).key for n in (1, 2, 4)}) == 3


class Deaf:
    """Nobody who hears of a training."""

    def phase(self, name: str, /) -> None:
        """What happens now."""

    def note(self, text: str, /) -> None:
        """One line an epoch."""


def test_a_training_that_patience_ended_goes_on_no_further(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before its result was kept, it is what it was: no epoch is added at each retry."""
    monkeypatch.setenv("BENCHBENCH_CACHE", str(tmp_path))
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(64, 8, generator=draw)
    samples = samples_of((x, (x.sum(1) > 4).long()))
    recipe = Train(50, patience=2)
    settings = Settings(batch_size=8, train=recipe, learning_rate=0.05)
    store = Store({"a": 1}, recipe)
    order = Recipe(recipe, settings, "cross_entropy", store, torch.device("cpu"), classes=2)
    found = []
    for _ in range(2):
        torch.manual_seed(0)
        found.append(fit(nn.Linear(8, 2), samples, samples, order, Deaf()))
    assert found[0]["epochs"] < 50
    assert found[0] == found[1]
    state = torch.load(store.last, weights_only=True)["callbacks"]
    (waited,) = (it for key, it in state.items() if key.startswith("EarlyStopping{"))
    assert waited["wait_count"] == 2  # of the last epoch as well: a kill costs no patience


def test_stdp_tunes_after_the_epoch_that_patience_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every so many epochs and after the last, whichever the last came to be."""
    monkeypatch.setenv("BENCHBENCH_CACHE", str(tmp_path))
    monkeypatch.setattr(epoch_callback, "fine_tune", lambda *_: [])
    draw = torch.Generator().manual_seed(0)
    x = torch.rand(64, 8, generator=draw)
    samples = samples_of((x, (x.sum(1) > 4).long()))
    recipe = Train(50, patience=2, stdp=Stdp(every_epochs=49, images=8))
    settings = Settings(batch_size=8, train=recipe, learning_rate=0.05)
    device = torch.device("cpu")
    order = Recipe(recipe, settings, "cross_entropy", Store({"a": 1}, recipe), device, classes=2)
    found = fit(nn.Linear(8, 2), samples, samples, order, Deaf())
    tuned = [line["accuracy_public_after_stdp"] is not None for line in found["curve"]]
    assert 1 < len(tuned) < 49
    assert tuned == [False] * (len(tuned) - 1) + [True]


def test_only_images_are_flipped() -> None:
    """Numbers in a row are none; without augmentation whatever it is stays what it is."""
    rows = Inputs.of(torch.rand(4, 9))
    assert augmented(rows, "none") is rows
    with pytest.raises(DataError, match=r"takes images \[N, C, H, W\], found \(4, 9\)"):
        augmented(rows, "flip_crop")


def test_balanced_weights_are_scikit_learns() -> None:
    """The peer's on the same labels; a class without a sample has weight 0."""
    labels = torch.tensor([0, 0, 0, 1, 3, 3])
    there = torch.tensor([0, 1, 3])
    wanted = compute_class_weight("balanced", classes=there.numpy(), y=labels.numpy())
    found = balanced(labels, 4)
    # The peer's number of classes is of those that are there; ours is the model's.
    assert found[there].tolist() == pytest.approx((wanted * 3 / 4).tolist())
    assert found[2] == 0


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_a_weighted_loss_is_the_mean_weighted_by_class(loss: str) -> None:
    """The loss of each sample by itself, weighted by its class, over the weights' sum."""
    torch.manual_seed(0)
    answers, labels = torch.rand(12, 3), torch.arange(12) % 3
    given = torch.tensor([0.2, 1.0, 3.0])
    model = nn.Linear(2, 3)
    plain = loss_of(loss, model, 0.0)  # type: ignore[arg-type]
    each = torch.stack([plain(answers[i : i + 1], labels[i : i + 1]) for i in range(12)])
    wanted = (each * given[labels]).sum() / given[labels].sum()
    found = loss_of(loss, model, 0.0, class_weights=given)(answers, labels)  # type: ignore[arg-type]
    assert float(found) == pytest.approx(float(wanted), rel=1e-6)


def _learner(recipe: Train) -> Learner:
    from benchbench.backends import NATIVE
    from benchbench.backends.executed import executed

    model = nn.Linear(2, 3)
    how = executed(model, NATIVE, torch.device("cpu"))
    return Learner(how, loss_of("cross_entropy", model, 0.0), 0.1, recipe)


def test_the_schedule_ends_at_zero_and_the_decay_is_decoupled() -> None:
    """Half of the rate after half of the epochs, none after the last; AdamW where it decays."""
    found = _learner(Train(epochs=8, schedule="cosine", weight_decay=0.01)).configure_optimizers()
    optimizer, schedule = found["optimizer"], found["lr_scheduler"]
    assert isinstance(optimizer, torch.optim.AdamW)
    assert optimizer.param_groups[0]["weight_decay"] == 0.01
    rates = []
    for _ in range(8):
        optimizer.step()
        schedule.step()
        rates.append(optimizer.param_groups[0]["lr"])
    assert rates[3] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.0)
    assert type(_learner(Train(epochs=8)).configure_optimizers()) is torch.optim.Adam


def test_a_slimmed_recipe_keeps_its_strength() -> None:
    """The strength of the L1 norm is the recipe's own."""
    assert _learner(Train(slim=Slim(strength=3e-4)))._sparsity == 3e-4


@pytest.mark.parametrize("ends", ["patience: 3", "minutes: 2"])
def test_a_cosine_without_a_last_epoch_is_refused(tmp_path: Path, ends: str) -> None:
    """In a suite file it is a fault with its line and its remedy."""
    suite = tmp_path / "s.yaml"
    suite.write_text(
        "benchbench: 1\nname: s\nsettings:\n  train: { schedule: cosine, " + ends + " }\n"
        "models: [{id: a, model: shallow_cnn}]\n"
    )
    with pytest.raises(SuiteError) as raised:
        loader.load(str(suite))
    (fault,) = raised.value.faults
    word = ends.partition(":")[0]
    assert f"schedule: cosine needs its number of epochs: leave {word} out" in str(fault)


def test_seeds_are_so_many_trainings(tmp_path: Path) -> None:
    """The first is that of its seed by itself; mean and interval are of all; each is kept."""
    alone, _ = ended(train(tmp_path, "--epochs", "1", "--seed", "3"))
    cell, said = ended(train(tmp_path, "--epochs", "1", "--seed", "3", "--seeds", "3"))
    assert said.count("trained already") == 1
    assert cell["measurements"]["accuracy"] == alone["measurements"]["accuracy"]
    figure = cell["measurements"]["accuracy_seeds"]
    each = figure["detail"]["seeds"]
    assert [it["seed"] for it in each] == [3, 4, 5]
    assert each[0]["value"] == alone["measurements"]["accuracy"]["value"]
    assert len({it["guesses"] for it in each}) == 3
    values = [it["value"] for it in each]
    assert (figure["value"], figure["low"], figure["high"]) == pytest.approx(t_interval(values))
    _, said = ended(train(tmp_path, "--epochs", "1", "--seed", "3", "--seeds", "3"))
    assert said.count("trained already") == 3


@pytest.mark.thorough
def test_the_recipe_is_part_of_what_was_trained(tmp_path: Path) -> None:
    """Each option trains otherwise and says so; done again it ends with the same weights."""
    options = {
        "flip_crop": ("--augment", "flip_crop"),
        "cosine": ("--schedule", "cosine"),
        "weight decay 0.1": ("--weight-decay", "0.1"),
        "balanced classes": ("--class-weights", "balanced"),
    }
    states, losses = {}, {}
    for name, option in {"": (), **options, "again": options["flip_crop"]}.items():
        folder = tmp_path / (name or "plain")
        folder.mkdir()
        cell, _ = ended(train(folder, "--epochs", "2", *option))
        line = cell["measurements"]["epochs"]["detail"]["curve"][-1]
        assert {"loss", "loss_public", "accuracy_train", "accuracy_public"} <= {*line}
        said = [word for word in options if word in cell["facts"]["training"]]
        assert said == ([name] if name in options else said[: name == "again"])
        states[name], losses[name] = weights(folder), line["loss"]
    once, again = states["flip_crop"], states["again"]
    assert all(torch.equal(tensor, again[name]) for name, tensor in once.items())
    assert losses.pop("again") == losses["flip_crop"]
    assert len({*losses.values()}) == len(losses)
