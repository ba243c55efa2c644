"""Small face data in files, as the tests of its reading write them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["USUAL", "picture", "row", "table"]

USUAL = ("Training", "PublicTest", "PrivateTest")


def row(label: int, shade: int, *more: str) -> str:
    """A row of a csv file: an image of one shade."""
    return ",".join([str(label), " ".join([str(shade)] * 2304), *more]) + "\n"


def table(header: str, *rows: str) -> str:
    """A csv file's text."""
    return header + "\n" + "".join(rows)


def picture(file: Path, shade: int = 10, mode: str = "L", size: int = 48) -> Path:
    """An image of one shade in a file whose folders are made."""
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (size, size), shade).save(file)
    return file
