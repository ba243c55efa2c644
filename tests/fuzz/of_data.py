"""Damaged data: csv, gz, zip, folders of images, npz."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING

import numpy as np
from damage import damaged_bytes
from hypothesis import strategies as st
from outcomes import Outcome, said
from PIL import Image

from benchbench.data import DataSource
from benchbench.data.loading import load_set
from benchbench.errors import BenchbenchError

if TYPE_CHECKING:
    from pathlib import Path

    import torch

__all__ = ["DATA", "data"]


def _face_rows() -> str:
    rows = ["emotion,pixels,Usage"]
    for index, usage in enumerate(("Training", "PublicTest", "PrivateTest")):
        rows.append(f"{index},{' '.join([str(index * 40)] * 2304)},{usage}")
    return "\n".join(rows) + "\n"


def _zipped(content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("fer2013.csv", content)
    return out.getvalue()


def _png() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.arange(2304, dtype=np.uint8).reshape(48, 48)).save(out, "png")
    return out.getvalue()


def _npz() -> bytes:
    out = io.BytesIO()
    rng = np.random.default_rng(0)
    np.savez(
        out,
        x_train=rng.random((6, 3, 4), np.float32),
        y_train=np.arange(6) % 3,
        x_test=rng.random((2, 3, 4), np.float32),
        y_test=np.arange(2),
    )
    return out.getvalue()


FACES = _face_rows().encode()
SEALED = {  # a checksum tells whatever happens to these: what is accepted is what was
    "fer2013.csv.gz": gzip.compress(FACES, mtime=0),
    "fer2013.zip": _zipped(FACES),
    "train/happy/a.png": _png(),
    "own.npz": _npz(),
}


def _tensors(file: Path) -> list[torch.Tensor]:
    found = load_set(DataSource(str(file)))
    out = []
    for split in found.splits.values():
        for inputs, targets in split.batches(64):
            assert targets is not None
            assert int(targets.min()) >= 0
            out += [*inputs.tensors, targets]
    return out


def data(drawn: tuple[str, bytes], folder: Path) -> Outcome:
    """What is accepted of a file with checksums is a part of what was."""
    name, content = drawn
    place = folder / "data" / name
    place.parent.mkdir(parents=True)
    source = folder / "data" if name.endswith("png") else place
    right = None
    if name in SEALED:
        place.write_bytes(SEALED[name])
        right = _tensors(source)
    place.write_bytes(content)
    try:
        found = _tensors(source)
    except BenchbenchError as error:
        return said(error)
    if right is not None:
        assert len(found) <= len(right)
        assert all(any(a.equal(b) for b in right) for a in found), "other data without a word"
    return "accepted"


DATA = st.one_of(
    st.tuples(st.just("fer2013.csv"), damaged_bytes(FACES)),
    *(st.tuples(st.just(name), damaged_bytes(content)) for name, content in SEALED.items()),
)
