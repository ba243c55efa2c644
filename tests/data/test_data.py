"""FER2013 in its forms, its faults, and the drawn faces."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchbench.data import faces, load
from benchbench.data.cache import folder
from benchbench.errors import DataError

ROW = " ".join(str(i % 256) for i in range(2304))
GOOD = f"emotion,pixels,Usage\n0,{ROW},Training\n6,{ROW},PublicTest\n3,{ROW},PrivateTest\n"


def test_every_form_gives_the_same_arrays(tmp_path: Path) -> None:
    """Csv, gz, zip and the icml layout decode alike."""
    plain, icml = tmp_path / "fer2013.csv", tmp_path / "icml_face_data.csv"
    plain.write_text(GOOD)
    rows = [line.split(",") for line in GOOD.splitlines()[1:]]
    icml.write_text("emotion, Usage, pixels\n" + "".join(f"{a}, {c}, {b}\n" for a, b, c in rows))
    packed, archive = tmp_path / "fer2013.csv.gz", tmp_path / "fer.zip"
    packed.write_bytes(gzip.compress(GOOD.encode()))
    with zipfile.ZipFile(archive, "w") as out:
        out.writestr("fer2013/fer2013.csv", GOOD)
    wanted = load(str(plain))
    assert wanted.labels.tolist() == [0, 6, 3]
    for file in (icml, packed, archive):
        found = load(str(file))
        assert np.array_equal(found.images, wanted.images)
        assert found.labels.tolist() == wanted.labels.tolist()
        assert found.usage.tolist() == wanted.usage.tolist()


def test_a_test_csv_without_labels_is_left_out_and_said(tmp_path: Path) -> None:
    """Of train.csv and test.csv only the labelled rows are read, with a warning."""
    (tmp_path / "train.csv").write_text(f"emotion,pixels\n4,{ROW}\n")
    (tmp_path / "test.csv").write_text(f"pixels\n{ROW}\n")
    found = load(str(tmp_path))
    assert found.labels.tolist() == [4]
    assert found.warnings


@pytest.mark.parametrize(
    ("text", "row", "wanted"),
    [
        ("", None, "empty"),
        ("emotion,pixels,Usage\n", 1, "no rows"),
        (GOOD.replace(",", ";"), 1, "delimiter"),
        (GOOD.replace("emotion", "feeling"), 1, "no column 'emotion'"),
        (GOOD.replace("6,", "9,", 1), 3, "label '9'"),
        (GOOD.replace(ROW, ROW + " 1", 1), 2, "2305 pixels"),
        (GOOD.replace("0 1 2 3", "0 1 2 300", 1), 2, "0 to 255"),
        (GOOD.replace("0 1 2 3", "0 1 x 3", 1), 2, "'x'"),
        (GOOD[:-500] + "\n", 4, "truncated"),
    ],
)
def test_a_broken_csv_names_the_row(
    tmp_path: Path, text: str, row: int | None, wanted: str
) -> None:
    """A broken file is an error with its row, and nothing of it is cached."""
    file = tmp_path / "fer2013.csv"
    file.write_text(text)
    for _ in range(2):
        with pytest.raises(DataError, match=wanted) as caught:
            load(str(file))
        assert caught.value.row == row


def test_a_truncated_archive_is_an_error(tmp_path: Path) -> None:
    """A gz file that ends too early is refused."""
    file = tmp_path / "fer2013.csv.gz"
    file.write_bytes(gzip.compress(GOOD.encode())[:-20])
    with pytest.raises(DataError, match="truncated"):
        load(str(file))


@pytest.mark.parametrize("zipped", [False, True])
def test_a_folder_of_images_is_read(tmp_path: Path, zipped: bool) -> None:  # noqa: FBT001
    """Images under train/<class>/ and test/<class>/, unpacked or zipped, keep class and split."""
    shades = {"train/anger/a.png": 10, "train/happy/b.png": 20, "test/Neutral/c.png": 30}
    for name, shade in shades.items():
        file = tmp_path / "faces" / name
        file.parent.mkdir(parents=True)
        Image.new("L", (48, 48), shade).save(file)
    source = tmp_path / "faces"
    if zipped:
        source = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", source))
    found = load(str(source))
    rows = zip(found.images[:, 0, 0].tolist(), found.labels.tolist(), found.usage, strict=True)
    assert sorted(rows) == [(10, 0, "Training"), (20, 3, "Training"), (30, 6, "Test")]


@pytest.mark.parametrize(
    ("name", "size", "wanted"),
    [("train/happy/a.png", 47, "47x47"), ("faces/a.png", 48, "train/<class>")],
)
def test_a_broken_folder_names_the_image(tmp_path: Path, name: str, size: int, wanted: str) -> None:
    """An image of another size or without a class is refused by name."""
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    Image.new("L", (size, size)).save(file)
    with pytest.raises(DataError, match=wanted) as caught:
        load(str(tmp_path))
    assert "a.png" in str(caught.value)


def test_a_changed_file_is_decoded_again_and_a_damaged_cache_repaired(tmp_path: Path) -> None:
    """The cache goes by content: neither an edit nor a torn cache file serves stale images."""
    file = tmp_path / "fer2013.csv"
    file.write_text(GOOD)
    first = load(str(file))
    file.write_text(GOOD.replace("6,", "5,", 1))
    assert load(str(file)).labels.tolist() == [0, 5, 3]
    file.write_text(GOOD)
    for stored in folder().glob("*.npz"):
        stored.write_bytes(stored.read_bytes()[:100])
    assert np.array_equal(load(str(file)).images, first.images)


def test_drawn_faces_are_reproducible_and_labelled() -> None:
    """The same seed gives the same bytes, balanced, and marked synthetic."""
    first, second, other = (
        load("synthetic_faces"),
        load("synthetic_faces"),
        load("synthetic_faces", seed=1),
    )
    assert first.digest == second.digest != other.digest
    assert first.synthetic
    assert set(np.bincount(first.split("Training").labels)) == {300}


def test_drawn_faces_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was drawn is kept under its seed and classes, and read again by the next process."""
    drawn = load("synthetic_faces", seed=77)
    monkeypatch.setattr(faces, "_drawn", lambda *_: pytest.fail("drawn again"))
    again = load("synthetic_faces", seed=77)
    assert np.array_equal(again.images, drawn.images)
    assert (again.digest, again.usage.tolist()) == (drawn.digest, drawn.usage.tolist())
    with pytest.raises(pytest.fail.Exception):
        load("ferplus:synthetic_faces", seed=77)


def test_a_linear_classifier_does_not_solve_the_drawn_faces() -> None:
    """Least squares on pixels is above chance and far from right."""
    data = load("synthetic_faces")
    train, test = data.split("Training"), data.split("PrivateTest")
    design = train.images.reshape(len(train), -1) / 255 - 0.5
    target = np.eye(7)[train.labels]
    gram = design.T @ design + 300 * np.eye(design.shape[1])
    weights = np.linalg.solve(gram, design.T @ target)
    guess = ((test.images.reshape(len(test), -1) / 255 - 0.5) @ weights).argmax(1)
    assert 1.5 / 7 < float((guess == test.labels).mean()) < 0.65


def test_the_real_fer2013_has_its_published_counts(fer2013_csv: Path) -> None:
    """All 35,887 images of FER2013 are read, in the paper's distribution."""
    data = load(str(fer2013_csv))
    assert np.bincount(data.labels).tolist() == [4953, 547, 5121, 8989, 6077, 4002, 6198]
    assert [len(data.split(name)) for name in ("Training", "PublicTest", "PrivateTest")] == [
        28709,
        3589,
        3589,
    ]
