"""Faces as images in folders: ``train/<class>/<image>``."""

from __future__ import annotations

import io
import struct
import warnings
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from benchbench.data import CLASS_NAMES, SIDE
from benchbench.data.entries import SPLIT_OF
from benchbench.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from PIL.ImageFile import ImageFile

    from benchbench.data.cache import Arrays
    from benchbench.data.entries import Entry

__all__ = ["decode"]

SYNONYMS = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
}
# Pillow's modes of eight bits or fewer: its conversion to grey clips what has more. Of 16 bits a
# colour it reads the upper eight into such a mode, as its decoder's name of them tells alone.
MODES = {"1", "L", "LA", "P", "PA", "RGB", "RGBA", "CMYK", "YCbCr"}
DEEP = ";16"


def decode(files: Iterable[Entry]) -> Arrays:
    """Pixels uint8 [N, 48, 48], labels int64 [N] and splits [N] of image files.

    Raises:
        DataError: One is no such image, or its folders do not say split and class.
    """
    images, labels, usage = [], [], []
    for file in files:
        split, label = _folders(file)
        images.append(_pixels(file))
        labels.append(CLASS_NAMES.index(label))
        usage.append(split)
    return np.stack(images), np.array(labels, np.int64), np.array(usage)


def _folders(file: Entry) -> tuple[str, str]:
    """Split and class: the class is a folder below the split's, or a synonym of a class."""
    parts = [part.lower() for part in PurePosixPath(file.name).parts[:-1]]
    at = [index for index, part in enumerate(parts) if part in SPLIT_OF]
    if not at:
        splits = ", ".join(SPLIT_OF)
        raise DataError(
            file.place, f"expected train/<class>/<image>: no folder above it is one of {splits}"
        )
    below = parts[at[-1] + 1 :]
    known = [name for part in below if (name := SYNONYMS.get(part, part)) in CLASS_NAMES]
    if len(known) != 1:
        found = f"the folders {', '.join(known)} are several" if known else "no folder is one"
        if not known and below:
            found = f"the folder {below[-1]!r} is none"
        under = parts[at[-1]]
        raise DataError(
            file.place,
            f"expected {under}/<class>/<image>: {found} of the classes {', '.join(CLASS_NAMES)}",
        )
    return SPLIT_OF[parts[at[-1]]], known[0]


def _raw_modes(image: ImageFile) -> list[str]:
    """How the parts of an image lie in its file, in Pillow's words: ``L``, ``RGB;16B``."""
    told = [part.args for part in image.tile]
    return [str(args[0] if isinstance(args, tuple) and args else args) for args in told]


def _pixels(file: Entry) -> np.ndarray:
    from PIL import Image  # noqa: PLC0415 - only folders of images need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of oddities; what matters is refused below
            with Image.open(io.BytesIO(file.content)) as image:
                image.verify()  # checksums, which Pillow passes over when it decodes
        with warnings.catch_warnings(), Image.open(io.BytesIO(file.content)) as image:
            warnings.simplefilter("ignore")
            if image.size != (SIDE, SIDE):
                shape = f"{image.size[0]}x{image.size[1]}"
                raise DataError(file.place, f"the image is {shape}: expected {SIDE}x{SIDE}")
            mode = next((raw for raw in _raw_modes(image) if DEEP in raw), image.mode)
            if mode not in MODES:
                raise DataError(
                    file.place,
                    f"more than 8 bits a pixel (Pillow's mode {mode!r}): convert it to 8-bit grey, "
                    "since its range cannot be told",
                )
            return np.asarray(image.convert("L"))
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise DataError(file.place, f"not an image: {error}") from error
