"""The journal: what is written stays, whatever happens next."""

from __future__ import annotations

import json
import os
import resource
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from fixtures_references import TABLE3

from benchbench.errors import OutputError, ResultError
from benchbench.files import write_text
from benchbench.results import journal, stored
from benchbench.results.schema import RESULTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def disk_of(size_bytes: int) -> Iterator[None]:
    """No file of this process can grow past a size: the kernel refuses the write half way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_torn_last_line_is_left_out_and_cut_off(tmp_path: Path) -> None:
    """What a killed run was writing is neither read nor glued to the next line."""
    with journal.Journal(tmp_path) as book:
        book.append({"kind": "run"})
    with (tmp_path / journal.JOURNAL).open("ab") as out:
        out.write(b'{"kind": "jo')
    assert journal.read(tmp_path) == [{"kind": "run"}]
    with journal.Journal(tmp_path) as book:
        book.append({"kind": "end"})
    assert journal.read(tmp_path) == [{"kind": "run"}, {"kind": "end"}]


@pytest.mark.parametrize("damage", ["cut", "changed", "no record"])
def test_a_damaged_line_in_the_middle_is_told_and_the_others_are_kept(
    tmp_path: Path, damage: str
) -> None:
    """One byte of a figure is enough: the checksum of the line says so."""
    records = [{"kind": "run"}, {"kind": "job", "value": 12}, {"kind": "end"}]
    with journal.Journal(tmp_path) as book:
        for record in records:
            book.append(record)
    file = tmp_path / journal.JOURNAL
    lines = file.read_bytes().splitlines()
    assert json.loads(lines[1])["value"] == 12
    lines[1] = {
        "cut": lines[1][:20],
        "changed": lines[1].replace(b"12", b"13", 1),
        "no record": b"[1]",
    }[damage]
    file.write_bytes(b"\n".join([*lines, b""]))
    found = journal.read(tmp_path)
    assert found[::2] == records[::2]
    assert (found[1]["kind"], found[1]["line"]) == ("damaged", 2)
    file.write_bytes(b'{"kind": "run"}\n')  # as a version wrote it that had no checksums
    assert journal.read(tmp_path) == records[:1]


def test_a_pipe_in_place_of_a_journal_is_not_waited_for(tmp_path: Path) -> None:
    """It is refused with the reason."""
    os.mkfifo(tmp_path / journal.JOURNAL)
    with pytest.raises(ResultError, match="no regular file, but a pipe"):
        journal.read(tmp_path)


def test_a_second_writer_is_refused(tmp_path: Path) -> None:
    """Two runs never write the same journal."""
    with journal.Journal(tmp_path), pytest.raises(OutputError, match="another benchbench run"):
        journal.Journal(tmp_path)


def test_a_full_disk_loses_only_the_line_that_did_not_fit(tmp_path: Path) -> None:
    """The write that fails is an OutputError; the lines before are whole and more can follow."""
    with journal.Journal(tmp_path) as book:
        book.append({"kind": "run"})
        with disk_of(64), pytest.raises(OutputError, match="jobs before are kept"):
            book.append({"kind": "job", "text": "x" * 100})
        assert journal.read(tmp_path) == [{"kind": "run"}]
        book.append({"kind": "end"})
    assert journal.read(tmp_path) == [{"kind": "run"}, {"kind": "end"}]


def test_a_report_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A full disk leaves the old report and no temporary file."""
    file = tmp_path / "report.md"
    write_text(file, "old")
    with disk_of(64), pytest.raises(OutputError, match=r"report\.md: cannot be written"):
        write_text(file, "new" * 100_000)
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("report.md", "old")]


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    """A file where the folder should be, or no permission, is said with the path."""
    (tmp_path / "out").write_text("in the way")
    with pytest.raises(OutputError, match=r"out/journal\.jsonl: cannot be written"):
        journal.Journal(tmp_path / "out")


def test_a_run_that_has_gone_on_is_read_from_its_journal(tmp_path: Path) -> None:
    """Reports of an interrupted run are older than a journal that was taken up and then killed."""
    source = TABLE3.parent
    records = journal.read(source)
    jobs = [number for number, it in enumerate(records) if it["kind"] == "job"]
    with journal.Journal(tmp_path) as book:
        for record in records[: jobs[2] + 1]:
            book.append({key: it for key, it in record.items() if key != journal.SEAL})
    early = stored.of_journal(tmp_path)
    (tmp_path / RESULTS).write_text(stored.text_of(early))
    assert stored.load(tmp_path) == stored.load(tmp_path / RESULTS)
    with journal.Journal(tmp_path) as book:
        for record in records[jobs[2] + 1 :]:
            book.append({key: it for key, it in record.items() if key != journal.SEAL})
    later = stored.load(tmp_path)
    assert later.run["complete"]
    assert not early.run["complete"]
