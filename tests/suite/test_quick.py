"""The quick form of suites: short, with repeats enough for an interval that says something."""

from __future__ import annotations

import pytest

from benchbench.suite import loader
from benchbench.suite.quick import LENGTHS, REPEATS
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.training import Slim, Stdp, Train

FULL = Settings()


def quick(settings: Settings = FULL, *models: Model, **said: object) -> Suite:
    """The quick form of a suite with these settings."""
    models = models or (Model("a", "cnn3"),)
    return Suite(1, "own", models, settings=settings, quick=said).with_mode("quick")


@pytest.mark.parametrize("name", loader.bundled_suites())
def test_every_bundled_suite_that_times_takes_five_repeats_at_least(name: str) -> None:
    """An interval of two windows once spanned three decades."""
    suite, _ = loader.load(name)
    settings = suite.with_mode("quick").settings
    assert settings.repeats >= REPEATS == 5 or not suite.settings.repeats
    assert settings.window_s <= min(2.5, suite.settings.window_s) or not settings.repeats


def test_a_suite_that_does_not_say_what_its_quick_form_is_has_a_short_one() -> None:
    """Every length is shorter, and five short repeats stay."""
    settings = quick().settings
    assert all(getattr(settings, name) < getattr(FULL, name) for name in LENGTHS)
    assert settings.repeats == REPEATS
    assert settings.batch_size == FULL.batch_size


def test_what_is_short_already_stays_as_it_is() -> None:
    """A quick form is never longer than the full one, and times nothing where that does not."""
    short = Settings(repeats=0, window_s=0.1, warmup_s=0.0, train_steps=0, images=4, idle_s=0.5)
    settings = quick(short).settings
    for name in ("repeats", "window_s", "warmup_s", "train_steps", "images", "idle_s"):
        assert getattr(settings, name) == getattr(short, name)
    assert quick(Settings(repeats=2)).settings.repeats == REPEATS


def test_what_the_file_says_of_its_quick_form_counts() -> None:
    """The rest of the keys are short all the same."""
    settings = quick(window_s=4.0, repeats=3).settings
    assert (settings.window_s, settings.repeats) == (4.0, 3)
    assert settings.warmup_s < FULL.warmup_s


def test_a_training_becomes_short_where_there_is_one() -> None:
    """The suite's, a model's own and its fine-tune; a model without one is not trained for that."""
    own = Train(epochs=50, images=60, stdp=Stdp(), slim=Slim(ratio=0.5))
    suite = quick(FULL, Model("a", "cnn3"), Model("b", "cnn3", train=own))
    assert suite.settings_of(suite.model("a")).train is None
    train = suite.settings_of(suite.model("b")).train
    assert train is not None
    assert (train.epochs, train.images, train.slim) == (1, 60, own.slim)
    assert train.test_images is not None
    assert train.stdp is not None
    assert train.stdp.images < 512
    whole = quick(Settings(train=Train())).settings.train
    assert whole is not None
    assert whole.images is not None
    said = quick(Settings(train=Train()), train={"epochs": 3}).settings.train
    assert said == Train(epochs=3)  # the file says how long: it is all of it


def test_the_other_forms_are_what_the_file_says() -> None:
    """Full and publish take nothing from the quick form."""
    suite = Suite(1, "own", (Model("a", "cnn3"),), publish={"window_s": 30.0})
    assert suite.with_mode("full") == suite
    assert suite.with_mode("publish").settings == Settings(window_s=30.0)
