"""Data of the user's own: where it comes from, what tells it from others, and how it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import nn

import benchbench
from benchbench.data import DataSource, FaceData, kind_of
from benchbench.data.embedded import EVENT_CLASSES
from benchbench.data.loading import load_set
from benchbench.data.sets import data_set_of
from benchbench.data.splits import split
from benchbench.data.user import made_of
from benchbench.errors import DataError
from benchbench.probes import accuracy
from benchbench.worker.setup import identity_of

if TYPE_CHECKING:
    from pathlib import Path

OWN = """
import numpy, random, torch
def data(n=40, classes=4, val=False):
    x = torch.rand(n, 3, 8, 8)
    noise = torch.tensor(random.random() + numpy.random.rand())
    y = torch.arange(n) % classes
    found = {"train": (x + noise, y), "test": (x[:8], y[:8])}
    return {**found, "val": (x[8:16], y[8:16])} if val else found
def plain(): return {"train": (torch.arange(20.0).reshape(10, 2), torch.arange(10) % 5)}
def raises(): raise ValueError("no such disk")
def nothing(): return [1, 2]
def untrained(): return {"test": (torch.rand(4, 2), torch.zeros(4))}
def typo(): return {"train": (torch.rand(4, 2), torch.zeros(4)), "tset": 1}
def lazy():
    class Lazy(torch.utils.data.Dataset):
        def __len__(self): return 50
        def __getitem__(self, i): return torch.full((2,), float(i)), i % 5
    return {"train": Lazy(), "test": Lazy()}
def regression(): return {"train": (torch.rand(30, 2), torch.rand(30, 1))}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a file of data functions."""
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def test_a_function_gives_the_same_data_each_time(place: Path) -> None:
    """Also one that draws from torch, numpy and Python without a seed; ours are not touched."""
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, second = (load_set(DataSource("own.py:data"), folder=place) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert (
        first.digest
        == second.digest
        != load_set(DataSource("own.py:data"), folder=place, seed=1).digest
    )
    assert (first.num_classes, first.identity, first.sizes()) == (4, "content", 48)
    assert first.distribution()["0"] == {"train": 10, "test": 2}
    inputs, targets = first.first(3)
    assert (inputs.shape, targets.tolist()) == ("(3, 3, 8, 8)", [0, 1, 2])


def test_a_file_that_changes_beside_its_data_leaves_it_the_same(place: Path) -> None:
    """A model in the same file is edited: all samples are equal. Of some rows that is not known."""
    told = []
    for more in ("", "# a comment\nUNUSED = 1\n"):
        (place / "own.py").write_text(OWN + more)
        for name in ("plain", "lazy"):
            what = DataSource(f"{place}/own.py:{name}", classes=5)
            told.append(identity_of(load_set(what), what))
    assert told[0] == told[2]
    assert told[1] != told[3]
    (place / "own.py").write_text(OWN.replace("arange(20.0)", "arange(1.0, 21.0)"))
    what = DataSource(f"{place}/own.py:plain", classes=5)
    assert identity_of(load_set(what), what) != told[0]


def test_settings_reach_the_function(place: Path) -> None:
    """And what it does not take is told."""
    found = load_set(DataSource("own.py:data", {"classes": 7}), folder=place)
    assert found.class_names == tuple("0123456")
    with pytest.raises(DataError, match="unexpected keyword argument 'clases'"):
        load_set(DataSource("own.py:data", {"clases": 7}), folder=place)


def test_splits_of_its_own_or_held_out(place: Path) -> None:
    """A missing val is a tenth of train; nothing is in two of them."""
    found = split(load_set(DataSource("own.py:data"), folder=place), 0)
    assert [len(part) for part in (found.train, found.select, found.report)] == [36, 4, 8]
    assert (found.select_name, found.report_name) == ("train", "test")
    assert "held out of train" in found.notes[0]
    own = split(load_set(DataSource("own.py:data", {"val": True}), folder=place), 0)
    assert [len(part) for part in (own.train, own.select, own.report)] == [40, 8, 8]
    assert (own.notes, own.select_name) == ((), "val")


def test_large_data_is_told_by_a_sample(place: Path) -> None:
    """A Dataset is asked for some of its rows, and the report says so; classes do not show."""
    untold = load_set(DataSource("own.py:lazy"), folder=place)
    assert (untold.num_classes, untold.targets) == (None, "unnumbered")
    assert benchbench.count(nn.Linear(2, 5), data=f"{place}/own.py:lazy")["params"].value == 15
    found = load_set(DataSource("own.py:lazy", classes=5), folder=place)
    assert found.num_classes == 5
    assert found.identity == "the sizes and up to 64 rows of a split"
    assert found.distribution() == {}


def test_targets_that_are_no_labels(place: Path) -> None:
    """A regression has no classes."""
    assert load_set(DataSource("own.py:regression"), folder=place).num_classes is None


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("own.py:raises", "ValueError: no such disk"),
        ("own.py:nothing", "expected a dict of train, test and val, found list"),
        ("own.py:untrained", "expected a dict of train, test and optionally val; it has test"),
        ("own.py:typo", "it has train, tset"),
        ("own.py:missing", "has no 'missing'"),
        ("elsewhere.py:data", "no file"),
        ("no_such_module_of_mine:data", "No module named"),
        ("input:3x", "expected CxHxW"),
        ("nothing.npz", "cannot be read"),
        ("nowhere.csv", "no such file or folder"),
    ],
)
def test_what_cannot_be_loaded_is_one_sentence(place: Path, source: str, said: str) -> None:
    """With the source, and without a traceback."""
    with pytest.raises(DataError, match=said) as caught:
        load_set(DataSource(source), folder=place)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "classes", "said"),
    [([0, 1, -1], None, "labels from -1 to 1"), ([0, 1, 5], 3, "do not fit 3 classes")],
)
def test_labels_that_are_none(labels: list[int], classes: int | None, said: str) -> None:
    """Negative ones, and more than there are classes: nothing is trained on them."""
    pair = torch.rand(3, 2), torch.tensor(labels)
    found = made_of({"train": pair}, "s", "s", classes=classes)
    assert said in found.misfit
    assert (found.num_classes, found.targets) == (classes, "unnumbered")
    assert found.distribution() == {}
    with pytest.raises(DataError, match=said):
        split(found, 0)


def test_arrays_from_an_npz(tmp_path: Path) -> None:
    """Nothing is unpickled; uint8 is pixels."""
    file = tmp_path / "mine.npz"
    x, y = np.arange(48, dtype=np.uint8).reshape(6, 2, 2, 2), np.arange(6) % 2
    np.savez(file, x_train=x, y_train=y, x_test=x[:2], y_test=y[:2])
    found = load_set(DataSource("mine.npz"), folder=tmp_path)
    assert (found.name, found.num_classes, sorted(found.splits)) == ("mine", 2, ["test", "train"])
    assert found.first(6)[0].args[0].max() == pytest.approx(47 / 255)
    np.savez(file, a=np.array([object()], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="cannot be read"):
        load_set(DataSource("mine.npz"), folder=tmp_path)
    np.savez(file, data=x)
    with pytest.raises(DataError, match="expected x_train, y_train, x_test, y_test; it has data"):
        load_set(DataSource("mine.npz"), folder=tmp_path)


def test_events_are_events() -> None:
    """[T, N, 2, 32, 32] of 0 and 1, ten balanced classes, drawn the same again, and learnable."""
    found = load_set(DataSource("synthetic_events"))
    assert found.synthetic
    inputs, labels = found.first(200)
    events = inputs.args[0]
    assert tuple(events.shape) == (8, 200, 2, 32, 32)
    assert set(events.unique().tolist()) == {0.0, 1.0}
    assert 0.005 < float(events.mean()) < 0.1
    assert np.bincount(labels).tolist() == [20] * 10
    assert len(EVENT_CLASSES) == 10
    again = load_set(DataSource("synthetic_events"))
    assert again.digest == found.digest != load_set(DataSource("synthetic_events"), seed=1).digest
    # What brightens moves ahead of what darkens: the direction is in the events.
    axis = torch.linspace(-1, 1, 32)
    middle = (events.sum((0, 3)) * axis).sum(-1) / events.sum((0, 3, 4))  # [N, polarity]
    right = middle[:, 0] > middle[:, 1]
    assert float((right == (labels % 2 == 1)).float().mean()) > 0.9


def test_digits_are_scikit_learn_s() -> None:
    """The real ones, in [0, 1]."""
    pytest.importorskip("sklearn")
    found = load_set(DataSource("digits"))
    assert (found.sizes(), found.num_classes, found.synthetic) == (1797, 10, False)
    assert found.first(1)[0].shape == "(1, 1, 8, 8)"


def test_random_input_is_marked() -> None:
    """It is synthetic, and says what it is good for."""
    found = load_set(DataSource("input:3x32x32", classes=4))
    assert found.synthetic
    assert (found.first(2)[0].shape, found.num_classes) == ("(2, 3, 32, 32)", 4)
    assert "not counted" in found.warnings[0]


def test_faces_are_one_data_set_among_others() -> None:
    """The same pixels and splits as before, by FER2013's names or by ours."""
    found = load_set(DataSource("synthetic_faces"))
    assert found.distribution()["happy"] == {"Training": 300, "PublicTest": 50, "PrivateTest": 50}
    assert found.split("Training") is found.split("train")
    images = np.zeros((3, 48, 48), np.uint8)
    usage = np.array(["Training", "Test", "Test"])
    faces = FaceData("n", images, np.arange(3), usage, tuple("abc"), False, "s", "d")
    merged = data_set_of(faces)
    assert (len(merged.split("test")), merged.called["test"]) == (2, "Test")
    with pytest.raises(DataError, match="no samples of the split 'val'; it has train, test"):
        merged.split("val")


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("synthetic_faces", "faces"),
        ("digits", "digits"),
        ("a/b.py:function", "function"),
        ("package.module:function", "function"),
        ("x.NPZ", "npz"),
        ("input:3x4", "input"),
        ("C.csv", "faces"),
    ],
)
def test_what_a_source_is_shows_in_its_text(source: str, kind: str) -> None:
    """Nothing is opened for it."""
    assert kind_of(source) == kind


def test_a_setting_needs_a_function() -> None:
    """Faces take none."""
    given: dict[str, Any] = {"seed": 3}
    with pytest.raises(DataError, match="takes no setting seed"):
        load_set(DataSource("synthetic_faces", given))


@pytest.mark.parametrize("kind", ["uint8", "int32", "uint16"])
def test_an_accuracy_is_the_same_whatever_the_labels_are_stored_as(kind: str) -> None:
    """Also of more classes than a byte has room for the products of."""
    labels = np.arange(200) % 20
    images = np.eye(20, dtype="f4")[labels]
    pair = (images, labels.astype(kind))
    found = made_of({"train": pair, "val": pair, "test": pair}, "my.npz", "my")
    assert found.num_classes == 20
    test, _ = accuracy.measure(torch.nn.Identity(), split(found, 0), 0, lambda _: None)
    assert (test.value, test.detail["recall"]) == (1.0, [1.0] * 20)
    byte = torch.arange(20, dtype=torch.uint8)
    assert accuracy.Classified(byte, byte.long(), 20).confusion.equal(torch.eye(20).long())


def test_labels_have_the_digest_that_they_had(place: Path) -> None:
    """By the type that they are stored in: journals find their data by it."""
    np.savez(place / "my.npz", x_train=np.ones((9, 2), "f4"), y_train=np.arange(9, dtype="i4") % 3)
    found = load_set(DataSource(str(place / "my.npz")), folder=place)
    assert found.digest.startswith("f2cbdcc86cb6bf8c")
