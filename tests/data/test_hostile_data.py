"""Data that nobody should have to trust: soon refused, and never more of it in memory than fits."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from benchbench.data import DataSource, cache, entries, load
from benchbench.data.loading import load_set
from benchbench.data.splits import split
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable

ROW = "0," + " ".join(["7"] * 2304) + ",Training\n"
TABLE = ("emotion,pixels,Usage\n" + ROW * 3).encode()


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is some times the table."""
    monkeypatch.setattr(entries, "MOST_BYTES", 100_000)


def zipped(content: bytes, name: str = "fer2013.csv") -> bytes:
    """A zip of one file, packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


def test_a_picture_whose_checksum_is_wrong_is_refused(tmp_path: Path) -> None:
    """Pillow decodes it all the same, to other pixels."""
    file, out = tmp_path / "train" / "happy" / "a.png", io.BytesIO()
    Image.fromarray(np.arange(2304, dtype=np.uint8).reshape(48, 48)).save(out, "png")
    content = out.getvalue()
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    assert len(load_set(DataSource(str(tmp_path))).splits) == 1
    at = content.index(b"IDAT") + 4 + int.from_bytes(content[content.index(b"IDAT") - 4 :][:4])
    file.write_bytes(content[:at] + bytes(4) + content[at + 4 :])
    with pytest.raises(DataError, match=r"a\.png.*not an image: broken PNG file"):
        load_set(DataSource(str(tmp_path)))


@pytest.mark.usefixtures("_small")
@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("fer2013.csv.gz", gzip.compress),
        ("fer2013.zip", zipped),
        ("fer2013.zip", lambda content: zipped(gzip.compress(content), "fer2013.csv.gz")),
        ("fer2013.csv", lambda content: content),
    ],
)
def test_what_unpacks_without_end_is_not_unpacked(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    """A few bytes that stand for many are refused at the limit; the table itself is read."""
    file = tmp_path / name
    file.write_bytes(pack(TABLE))
    assert len(load(str(file))) == 3
    file.write_bytes(pack(bytes(200_000)))
    with pytest.raises(DataError, match=r"more than 0 MiB, unpacked|at most 0\.1 MiB are read"):
        load(str(file))


def test_a_line_without_end_is_no_row(tmp_path: Path) -> None:
    """It is refused as a fault of its row, in the header too."""
    file = tmp_path / "fer2013.csv"
    for content in (b"x" * (3 << 20), TABLE + b" " * (3 << 20)):
        file.write_bytes(content)
        with pytest.raises(DataError, match=r"a line of more than|field larger") as caught:
            load(str(file))
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.zip", "own.npz", "fer2013.csv.gz"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, name: str) -> None:
    """Whatever its name says that it is."""
    os.mkfifo(tmp_path / name)
    with pytest.raises(DataError, match="no regular"):
        load_set(DataSource(str(tmp_path / name)))


class _Runs:
    """What runs where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.mark,)


def npz(**arrays: Any) -> bytes:
    """An archive of arrays."""
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def test_nothing_in_an_npz_is_unpickled(tmp_path: Path) -> None:
    """An array of objects is refused, and so is a bare pickle."""
    mark, file = tmp_path / "ran", tmp_path / "own.npz"
    held = np.empty(1, object)
    held[0] = _Runs(mark)
    for content in (npz(x_train=held, y_train=np.zeros(1, int)), pickle.dumps(_Runs(mark))):
        file.write_bytes(content)
        with pytest.raises(DataError, match="cannot be read"):
            load_set(DataSource(str(file)))
    assert not mark.exists()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda whole: whole.replace(b"(6, 4)", b"(3, 4)"), "not what its checksum says"),
        (lambda whole: whole[:-40], "cannot be read"),
        (lambda _: npz(x_train=np.zeros((2, 2)), y_train=np.array([0, -1])), "from -1 to 0"),
        (
            lambda _: npz(
                x_train=np.zeros((2, 2)),
                y_train=np.array([0, 1]),
                x_test=np.zeros((1, 2)),
                y_test=np.array([2]),
            ),
            "test: labels from 2 to 2 do not fit 2 classes",
        ),
    ],
)
def test_a_damaged_npz_is_one_sentence(
    tmp_path: Path, change: Callable[[bytes], bytes], said: str
) -> None:
    """A smaller shape in a header too, and labels that no class has, of any split."""
    whole = npz(x_train=np.ones((6, 4), np.float32), y_train=np.arange(6) % 3)
    file = tmp_path / "own.npz"
    file.write_bytes(whole)
    assert load_set(DataSource(str(file))).num_classes == 3
    file.write_bytes(change(whole))
    with pytest.raises(DataError, match=said):
        split(load_set(DataSource(str(file))), 0)


def test_arrays_that_would_fill_the_memory_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before they are unpacked."""
    file = tmp_path / "own.npz"
    np.savez_compressed(file, x_train=np.zeros(1 << 20), y_train=np.zeros(1))
    real = os.sysconf
    monkeypatch.setattr(os, "sysconf", lambda name: 1024 if "PHYS" in name else real(name))
    with pytest.raises(DataError, match="more than half of the memory"):
        load_set(DataSource(str(file)))


def arrays(images: int = 2, kind: type = np.uint8) -> dict[str, np.ndarray]:
    """What a cache file holds."""
    return {
        "images": np.ones((images, 48, 48), kind),
        "labels": np.zeros(2, np.int64),
        "usage": np.array(["Training"] * 2),
    }


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"\x00" * 1000),
        lambda file: file.write_bytes(file.read_bytes()[:-30]),
        lambda file: file.write_bytes(file.read_bytes().replace(b"\x01" * 90, b"\x02" * 90, 1)),
        lambda file: file.write_bytes(npz(**arrays(3))),
        lambda file: file.write_bytes(npz(**arrays(kind=np.float64))),
        lambda file: file.write_bytes(npz(images=np.ones(3))),
        lambda file: (file.unlink(), os.mkfifo(file)),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: (file.unlink(), file.symlink_to("/dev/zero")),
    ],
)
def test_a_cache_is_made_again_where_anything_about_it_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]
) -> None:
    """Whatever has become of the file, the data is what was decoded."""
    monkeypatch.setenv("BENCHBENCH_CACHE", str(tmp_path))
    made = []

    def decode() -> cache.Arrays:
        made.append(1)
        return tuple(arrays().values())  # type: ignore[return-value]

    for _ in range(2):
        cache.cached("0", decode)
    assert len(made) == 1
    (file,) = tmp_path.glob("faces-*")
    spoil(file)
    for found, right in zip(cache.cached("0", decode), arrays().values(), strict=True):
        assert np.array_equal(found, right)
    assert len(made) == 2
