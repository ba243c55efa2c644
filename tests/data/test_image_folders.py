"""Folders of images that would be read as something else than they are: told, or refused."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import zipfile
import zlib
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


@pytest.mark.parametrize(
    ("mode", "form"), [("I;16", "png"), ("I;16B", "tiff"), ("I", "tiff"), ("F", "tiff")]
)
def test_an_image_of_more_than_eight_bits_is_refused(tmp_path: Path, mode: str, form: str) -> None:
    """Pillow would clip it to white, whatever the file's name says it is."""
    picture(tmp_path / f"a.{form}", 32_000, mode)
    (tmp_path / "train" / "happy").mkdir(parents=True)
    (tmp_path / f"a.{form}").rename(tmp_path / "train" / "happy" / "a.png")
    with pytest.raises(DataError, match="more than 8 bits a pixel"):
        load(str(tmp_path))


def deep_png(colour: int, channels: int, shade: int) -> bytes:
    """A PNG of 16 bits a channel, of one shade, which Pillow cannot write in colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    line = b"\0" + struct.pack(">H", shade) * channels * 48
    head = struct.pack(">IIBBBBB", 48, 48, 16, colour, 0, 0, 0)
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(line * 48)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


@pytest.mark.parametrize(("colour", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_a_colour_are_refused_too(tmp_path: Path, colour: int, channels: int) -> None:
    """Of grey, RGB and either with transparency: Pillow would keep the upper half without a word.

    The pixels are of 12 bits, as many cameras give them: their upper halves are nearly black.
    """
    file = tmp_path / "train" / "happy" / "a.png"
    file.parent.mkdir(parents=True)
    file.write_bytes(deep_png(colour, channels, 4_000))
    with pytest.raises(DataError, match="more than 8 bits a pixel") as caught:
        load(str(tmp_path))
    assert caught.value.file == str(file)


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


def test_what_systems_put_into_an_archive_is_passed_over(tmp_path: Path) -> None:
    """Finder's and Explorer's own files in a zip, in any case, are neither images nor left out."""
    image = picture(tmp_path / "a.png").read_bytes()
    file = tmp_path / "faces.zip"
    with zipfile.ZipFile(file, "w") as out:
        out.writestr("faces/train/happy/a.png", image)
        for name in ("__MACOSX/faces/train/happy/._a.png", "__MACOSX/faces/train/happy/b.png"):
            out.writestr(name, b"\x00\x05\x16\x07")
        for name in ("faces/.DS_Store", "faces/train/Thumbs.db", "faces/train/happy/desktop.INI"):
            out.writestr(name, b"\xd0\xcf\x11\xe0")
    found = load(str(file))
    assert (len(found), found.usage.tolist(), found.warnings) == (1, ["Training"], ())


def test_folders_are_named_in_any_case(tmp_path: Path) -> None:
    """Splits and classes of capitals are those of small letters."""
    for shade, name in enumerate(("TRAIN/Happiness/a.PNG", "PublicTest/SAD/b.png")):
        picture(tmp_path / name, shade)
    found = load(str(tmp_path))
    rows = zip(found.images[:, 0, 0].tolist(), found.labels.tolist(), found.usage, strict=True)
    assert sorted(rows) == [(0, 3, "Training"), (1, 4, "PublicTest")]


def test_the_command_tells_what_was_left_out(tmp_path: Path) -> None:
    """`benchbench data check --json` has the warnings."""
    for name in ("a.png", "b.tiff", "c.bmp"):
        picture(tmp_path / "test" / "sad" / name)
    words = [sys.executable, "-m", "benchbench", "data", "check", str(tmp_path), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["data"][0]["warnings"] == [
        "left out, no png or jpg images: test/sad/b.tiff, test/sad/c.bmp"
    ]


@pytest.mark.parametrize("name", ["train/sad", "test"])
def test_a_folder_that_may_not_be_read_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Its images are not left out: the reading ends with its name."""
    picture(tmp_path / "train" / "happy" / "a.png")
    shut = tmp_path / name
    picture(shut / "sad" / "b.png")
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
