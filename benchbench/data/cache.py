"""Decoded data, kept by the digest of its source: a changed file is never served stale."""

from __future__ import annotations

import contextlib
import io
import os
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from benchbench.errors import OutputError
from benchbench.files import content_of, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Arrays", "cached", "folder"]

MOST_BYTES = 1 << 30
VERSION = 3  # of the decoding: an old cache is not read again
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
    if (found := _kept(file)) is not None:
        return found
    images, labels, usage = decode()
    with contextlib.suppress(OutputError):
        write_whole(file, lambda place: _save(place, images, labels, usage))
    return images, labels, usage


def _kept(file: Path) -> Arrays | None:
    """What a cache file holds; None where anything about it is not as it was written."""
    try:
        content = io.BytesIO(content_of(file, MOST_BYTES))  # numpy would leave a damaged one open
        with zipfile.ZipFile(content) as archive:
            if archive.testzip():
                return None
        content.seek(0)
        with np.load(content, allow_pickle=False) as stored:
            images, labels, usage = stored["images"], stored["labels"], stored["usage"]
    except Exception:  # noqa: BLE001 - a damaged archive fails in many ways
        return None
    kinds = (images.dtype, labels.dtype, usage.dtype.kind)
    right = kinds == (np.uint8, np.int64, "U") and labels.ndim == usage.ndim == 1
    samples = {len(labels), len(usage)}
    right = right and len(samples) == 1 and len(labels) in images.shape[:2]
    return (images, labels, usage) if right else None


def _save(place: Path, images: np.ndarray, labels: np.ndarray, usage: np.ndarray) -> None:
    with place.open("wb") as out:  # given a path, numpy would add an ending
        np.savez(out, images=images, labels=labels, usage=usage)
