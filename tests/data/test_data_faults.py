"""Tables and archives that would be read as something else than they are: told, or refused."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import pytest
from fixtures_faces import USUAL, picture, row, table

from benchbench.data import load
from benchbench.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("header", ["emotion,pixels,usage", "Emotion, PIXELS ,USAGE"])
def test_columns_are_found_without_regard_to_case(tmp_path: Path, header: str) -> None:
    """A column `usage` gives the splits as `Usage` does, and so do its values in any case."""
    file = tmp_path / "faces.csv"
    file.write_text(table(header, *(row(i, i, name.upper()) for i, name in enumerate(USUAL))))
    found = load(str(file))
    assert found.usage.tolist() == [*USUAL]
    assert found.warnings == ()


def test_a_column_that_is_not_read_is_told(tmp_path: Path) -> None:
    """Rows without a column Usage count as Training, and a column of another name is no split."""
    file = tmp_path / "faces.csv"
    file.write_text(table("emotion,pixels,set", row(0, 1, "test"), row(1, 2, "test")))
    found = load(str(file))
    assert found.usage.tolist() == ["Training", "Training"]
    assert found.warnings == (
        "faces.csv: columns that are not read: 'set'",
        "faces.csv has no column Usage: every row counts as Training",
    )


def test_a_column_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    """`Usage` and `usage` are one name."""
    file = tmp_path / "faces.csv"
    file.write_text(table("emotion,pixels,Usage,usage", row(0, 1, "Training", "PrivateTest")))
    with pytest.raises(DataError, match="two columns are called 'usage'"):
        load(str(file))


@pytest.mark.parametrize(
    "names",
    [
        {
            "training.csv": "Training",
            "publictest.csv": "PublicTest",
            "privatetest.csv": "PrivateTest",
        },
        {"train.csv": "Training", "test.csv": "Test"},
        {"Train.CSV": "Training", "private_test.csv": "PrivateTest"},
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_one_csv_a_split_is_read_as_its_splits(
    tmp_path: Path,
    names: dict[str, str],
    zipped: bool,  # noqa: FBT001
) -> None:
    """Every file's rows are there, in the split of its name, and the order is told."""
    folder = tmp_path / "faces"
    folder.mkdir()
    for shade, name in enumerate(names):
        (folder / name).write_text(table("emotion,pixels", row(3, shade), row(4, shade)))
    source = folder
    if zipped:
        source = tmp_path / "faces.zip"
        with zipfile.ZipFile(source, "w") as out:
            for name in names:
                out.write(folder / name, f"inner/{name}")
    found = load(str(source))
    shades = [int(image[0, 0]) for image in found.images]
    assert sorted(zip(shades, found.usage.tolist(), strict=True)) == sorted(
        (shade, split) for shade, split in enumerate(names.values()) for _ in range(2)
    )
    assert "read as one table" in found.warnings[0]
    assert all(f"all {split}" in found.warnings[0] for split in names.values())


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("x/train.csv", "y/train.csv")])
def test_files_whose_split_is_not_told_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    """Two tables are never one of them without a word."""
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(table("emotion,pixels", row(0, 1)))
    with pytest.raises(DataError, match="which split is which of"):
        load(str(tmp_path))


def test_the_published_file_is_read_and_the_rest_of_its_folder_told(tmp_path: Path) -> None:
    """fer2013.csv holds every split; FER+'s votes beside it are nothing left out."""
    rows = [row(i, i, name) for i, name in enumerate(USUAL)]
    (tmp_path / "fer2013.csv.gz").write_bytes(
        gzip.compress(table("emotion,pixels,Usage", *rows).encode())
    )
    (tmp_path / "train.csv").write_text(table("emotion,pixels", row(0, 1)))
    (tmp_path / "test.csv").write_text(table("pixels", row(0, 1).partition(",")[2]))
    (tmp_path / "fer2013new.csv").write_text("votes\n")
    picture(tmp_path / "train" / "happy" / "a.png")
    found = load(str(tmp_path))
    assert found.usage.tolist() == [*USUAL]
    assert found.warnings == (
        "left out, beside the csv file: train/happy/a.png",
        "test.csv was left out: it has no labels",
        "train.csv was left out: read from fer2013.csv",
    )


HEADER = "emotion,pixels,Usage"
LONG = "9" * 5_000


@pytest.mark.parametrize(
    ("rows", "at", "wanted"),
    [
        (f'0,"{row(0, 1)}{row(1, 2, "Training")}', 2, "a quote may not be closed"),
        (f'0,"{row(0, 1)}{row(1, 2, "Training") * 40}', 2, "a quote may not be closed"),
        (row(0, 1, "Training").replace(" 1 ", " ² ", 1), 2, "a pixel is '²'"),
        (row(0, 1, "Training").replace(" 1 ", " 1_0 ", 1), 2, "a pixel is '1_0'"),
        (row(0, 1, "Training").replace(" 1 ", " \u0661 ", 1), 2, "a pixel is '\u0661'"),
        (row(0, 1, "Training").replace(" 1 ", f" {LONG} ", 1), 2, "5,000 characters"),
        (row(0, 1, "Training").replace("0,", f"{LONG},", 1), 2, "label .*5,000 characters"),
        (row(0, 1, "Training").replace("0,", "²,", 1), 2, "label '²'"),
        (row(0, 1, "²" * 300), 2, "Usage .*300 characters"),
    ],
)
def test_a_fault_of_a_csv_is_one_sentence_with_its_row(
    tmp_path: Path, rows: str, at: int, wanted: str
) -> None:
    """Quotes, digits of other scripts, and numbers that Python itself refuses."""
    file = tmp_path / "fer2013.csv"
    file.write_text(f"{HEADER}\n{rows}")
    with pytest.raises(DataError, match=wanted) as caught:
        load(str(file))
    assert caught.value.row == at
    assert len(str(caught.value)) < 400


def test_a_fault_of_the_votes_is_one_sentence_with_its_row(tmp_path: Path) -> None:
    """FER+ is read by the same rules."""
    fer, votes = tmp_path / "fer2013.csv", tmp_path / "fer2013new.csv"
    fer.write_text(table(HEADER, row(0, 1, "Training")))
    names = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt"
    for cell, wanted in (("²", "votes '²'"), (LONG, "5,000 characters"), ('"1', "quote")):
        votes.write_text(f"{names},unknown,NF\nTraining,a.png,{cell}{',0' * 9}\n")
        with pytest.raises(DataError, match=wanted) as caught:
            load(f"ferplus:{fer}")
        assert caught.value.row == 2


def encrypted(content: bytes) -> bytes:
    """An archive whose only file says that it needs a password."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("fer2013.csv", content)
    data = bytearray(out.getvalue())
    data[6] |= 1  # bit 0 of the flags in the local header, and in the directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def test_an_archive_that_cannot_be_unpacked_is_one_sentence(tmp_path: Path) -> None:
    """One with a password, one in a method that is unknown here, and a tar."""
    file = tmp_path / "fer.ZIP"
    content = table(HEADER, row(0, 1, "Training")).encode()
    file.write_bytes(encrypted(content))
    with pytest.raises(DataError, match=r"cannot be unpacked: .*password"):
        load(str(file))
    data = bytearray(encrypted(content))
    data[6] = data[data.index(b"PK\x01\x02") + 8] = 0
    data[8] = data[data.index(b"PK\x01\x02") + 10] = 99
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"cannot be unpacked: .*compression"):
        load(str(file))
    packed = tmp_path / "fer2013.tar.gz"
    packed.write_bytes(gzip.compress(content))
    with pytest.raises(DataError, match="unpack it first"):
        load(str(packed))


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("~no_such_user_of_this_machine/x", "no such file or folder"),
        ("n" * 300, "File name too long"),
        ("no_such_file.csv", "no such file or folder; expected synthetic_faces"),
    ],
)
def test_a_path_that_is_none_is_one_sentence(tmp_path: Path, source: str, wanted: str) -> None:
    """A home that nobody has is a file that is not there; votes are looked for alike."""
    with pytest.raises(DataError, match=wanted):
        load(source)
    file = tmp_path / "fer2013.csv"
    file.write_text(table(HEADER, row(0, 1, "Training")))
    with pytest.raises(DataError, match=wanted.partition(";")[0].partition(" or")[0]):
        load(f"ferplus:{file},{source}")
