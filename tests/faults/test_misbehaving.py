"""A suite whose models misbehave has a row for each, with the true reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from faulty_models import EXPECTED, SHORT, faults_of, rows_of

LIMIT_S = 60.0  # that a worker has on a busy machine; the one that hangs takes it all


def alive_from(folder: Path) -> list[str]:
    """The processes that have begun in a run of a folder, or work there."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            environment = (place / "environ").read_bytes() + (place / "cmdline").read_bytes()
        except OSError:
            continue  # it has ended meanwhile
        if str(folder).encode() in environment:
            found.append((place / "cmdline").read_bytes().decode().replace("\0", " "))
    return found


def test_every_way_that_it_happens_is_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hung, forked, killed, garbled or closed: the reason is true, and nothing is left running."""
    monkeypatch.setenv("STARTED_BY", str(tmp_path))
    rows, _ = rows_of(SHORT, tmp_path, LIMIT_S)
    assert not faults_of(rows, SHORT)
    assert len(rows) == len(SHORT) + 2
    assert not alive_from(tmp_path)


@pytest.mark.faults
def test_more_than_forty_models_are_as_many_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them, between two neighbours whose counts are what they always are."""
    monkeypatch.setenv("STARTED_BY", str(tmp_path))
    names = [*EXPECTED]
    assert len(names) >= 40
    rows, _ = rows_of(names, tmp_path, LIMIT_S)
    assert not faults_of(rows, names)
    assert len(rows) == len(names) + 2
    assert not alive_from(tmp_path)
