"""Decoded data, kept by the digest of its source: a changed file is never served stale."""

from __future__ import annotations

import contextlib
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchbench.errors import OutputError
from benchbench.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Arrays", "cached", "folder"]

VERSION = 2  # of the decoding: an old cache is not read again
Arrays = tuple["np.ndarray", "np.ndarray", "np.ndarray"]


def folder() -> Path:
    """``$BENCHBENCH_CACHE``, or ``benchbench`` in the user's cache folder."""
    own = os.environ.get("BENCHBENCH_CACHE")
    if own:
        return Path(own)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "benchbench"


def cached(digest: str, decode: Callable[[], Arrays]) -> Arrays:
    """Images, labels and splits from the cache, or decoded now and kept.

    A damaged cache file is made anew; a cache that cannot be written costs time, not the run.
    """
    file = folder() / f"faces-{VERSION}-{digest}.npz"
    with (
        contextlib.suppress(OSError, ValueError, KeyError, zipfile.BadZipFile),
        file.open("rb") as content,  # numpy would leave a damaged one open
        np.load(content, allow_pickle=False) as stored,
    ):
        return stored["images"], stored["labels"], stored["usage"]
    images, labels, usage = decode()
    with contextlib.suppress(OutputError):
        write_whole(file, lambda place: _save(place, images, labels, usage))
    return images, labels, usage


def _save(place: Path, images: np.ndarray, labels: np.ndarray, usage: np.ndarray) -> None:
    with place.open("wb") as out:  # given a path, numpy would add an ending
        np.savez(out, images=images, labels=labels, usage=usage)
