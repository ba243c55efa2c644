"""Folders of images that would be read as something else than they are: told, or refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from fixtures_faces import picture
from PIL import Image

from benchbench.data import load
from benchbench.data.check import check
from benchbench.errors import DataError
from benchbench.report.data_check import page_of

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(("mode", "form"), [("I;16", "png"), ("I", "tiff"), ("F", "tiff")])
def test_an_image_of_more_than_eight_bits_is_refused(tmp_path: Path, mode: str, form: str) -> None:
    """Pillow would clip it to white, whatever the file's name says it is."""
    picture(tmp_path / f"a.{form}", 32_000, mode)
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / f"a.{form}").rename(tmp_path / "train" / "happy" / "a.png")
    with pytest.raises(DataError, match="more than 8 bits a pixel"):
        load(str(tmp_path))


@pytest.mark.parametrize(("mode", "shade"), [("1", 1), ("RGB", 255), ("P", 3), ("L", 255)])
def test_an_image_of_eight_bits_or_fewer_keeps_its_range(
    tmp_path: Path, mode: str, shade: int
) -> None:
    """Black and white, colours and palettes become the grey that they show."""
    file = tmp_path / "train" / "happy" / "a.png"
    file.parent.mkdir(parents=True)
    image = Image.new(mode, (48, 48), (255, 255, 255) if mode == "RGB" else shade)
    if mode == "P":
        image.putpalette([0, 0, 0] * 3 + [255, 255, 255])
    image.save(file)
    assert set(np.unique(load(str(tmp_path)).images)) == {255}


def test_other_files_are_told_and_system_files_passed_over(tmp_path: Path) -> None:
    """A gif is a warning, in `data check` too; what an operating system leaves is no data."""
    picture(tmp_path / "train" / "happy" / "a.png")
    picture(tmp_path / "train" / "happy" / "b.gif")
    picture(tmp_path / "train" / ".thumbnails" / "a.png")
    for name in ("train/happy/._a.png", "__MACOSX/train/happy/a.png", ".DS_Store"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\x00\x05\x16\x07")
    found = load(str(tmp_path))
    assert len(found) == 1
    told = "left out, no png or jpg images: train/.thumbnails/a.png, train/happy/b.gif"
    assert found.warnings == (told,)
    assert check(found).to_json()["warnings"] == (told,)
    assert page_of(check(found)).banner == (f"data: {told}",)


def test_the_command_tells_what_was_left_out(tmp_path: Path) -> None:
    """`benchbench data check --json` has the warnings."""
    for name in ("a.png", "b.tiff", "c.bmp"):
        picture(tmp_path / "test" / "sad" / name)
    words = [sys.executable, "-m", "benchbench", "data", "check", str(tmp_path), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["data"][0]["warnings"] == [
        "left out, no png or jpg images: test/sad/b.tiff, test/sad/c.bmp"
    ]


def test_a_folder_that_may_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its images are not left out: the reading ends with its name."""
    picture(tmp_path / "train" / "happy" / "a.png")
    shut = picture(tmp_path / "train" / "sad" / "b.png").parent
    scan = os.scandir

    def scandir(place: str) -> object:
        if Path(place) == shut:
            raise PermissionError(13, "Permission denied", place)
        return scan(place)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match="cannot be read: Permission denied") as caught:
        load(str(tmp_path))
    assert caught.value.file == str(shut)


def test_linked_folders_are_read_and_a_circle_is_refused(tmp_path: Path) -> None:
    """A class kept elsewhere is data as well."""
    picture(tmp_path / "elsewhere" / "a.png")
    faces = tmp_path / "faces" / "train"
    faces.mkdir(parents=True)
    (faces / "happy").symlink_to(tmp_path / "elsewhere")
    assert len(load(str(faces.parent))) == 1
    (faces / "sad").symlink_to(faces)
    with pytest.raises(DataError, match="a folder that it lies in"):
        load(str(faces.parent))


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda it: it.symlink_to("nowhere")])
def test_what_is_no_file_is_never_half_of_the_data(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    """A pipe or a broken link named as an image is an error; a folder is only gone into."""
    picture(tmp_path / "train" / "happy" / "a.png")
    place = tmp_path / "train" / "happy" / "b.png"
    make(place)
    if place.is_dir():
        assert len(load(str(tmp_path))) == 1
        return
    with pytest.raises(DataError, match=r"b\.png: (cannot be read|no regular file)"):
        load(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("train/cat/0.png", "the folder 'cat' is none of the classes angry"),
        ("happy/train/cat/0.png", "the folder 'cat' is none of the classes"),
        ("train/0.png", "no folder is one of the classes"),
        ("train/happy/sad/0.png", "the folders happy, sad are several of the classes"),
        ("validation/happy/0.png", "no folder above it is one of train, training"),
    ],
)
def test_folders_that_do_not_say_class_and_split_are_refused_for_their_own_reason(
    tmp_path: Path, name: str, wanted: str
) -> None:
    """Each has the folder that is wrong in the message."""
    picture(tmp_path / name)
    with pytest.raises(DataError, match=wanted) as caught:
        load(str(tmp_path))
    assert name in str(caught.value)


def test_the_innermost_split_counts(tmp_path: Path) -> None:
    """Archives are unpacked into folders called as anything: train/test/ is the test set."""
    for name in ("train/test/happy/a.png", "train/train/happy/b.png"):
        picture(tmp_path / name)
    assert load(str(tmp_path)).usage.tolist() == ["Test", "Training"]
