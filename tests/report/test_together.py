"""Several runs on one page: each whole, told apart, and linked to its own files."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchbench.api import load
from benchbench.cli.main import group
from benchbench.report.together import together

REFERENCES = Path(__file__).resolve().parents[2] / "reports" / "reference"
TABLE4 = sorted((REFERENCES / "table4").iterdir())[:2]


def test_ids_are_unique_and_links_inside_and_to_files_lead_somewhere(tmp_path: Path) -> None:
    """Notes, contents, drawings: of each run its own; raw files relative to the page."""
    file = tmp_path / "deep" / "page.html"
    text = together([load(it) for it in TABLE4], file)
    ids = re.findall(r'\bid="([^"]*)"', text)
    assert len(ids) == len({*ids})
    links = {*re.findall(r'href="([^"]*)"', text)}
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside <= {*ids}
    assert {"run1", "run2"} <= inside
    raw = [link for link in links if link.endswith("results.json")]
    assert {(file.parent / link).resolve() for link in raw} == {
        (it / "results.json").resolve() for it in TABLE4
    }


def test_what_may_not_be_set_side_by_side_is_told(tmp_path: Path) -> None:
    """Of one machine, data and mode nothing is told."""
    here = load(TABLE4[0])
    far = replace(
        here,
        fingerprint={**here.fingerprint, "cpu": "another processor"},
        data={**here.data, "digest": "0" * 64},
        run={**here.run, "mode": "quick"},
    )
    mixed = together([far, here], tmp_path / "page.html")
    same = together([here, here], tmp_path / "page.html")
    newer = replace(here, fingerprint={**here.fingerprint, "torch": "99"})
    assert "machines or software" in together([newer, here], tmp_path / "page.html")
    assert "are of different" not in same
    assert re.findall(r"are of different (\w+)", mixed) == ["machines", "data", "modes"]


def test_a_run_on_a_gpu_is_named_with_it_and_its_folder_may_have_any_name(tmp_path: Path) -> None:
    """GPUs of a fingerprint are names; a space or a hash in a folder's name is no end of a link."""
    here = load(TABLE4[0])
    gpu = replace(
        here,
        fingerprint={**here.fingerprint, "gpus": ["NVIDIA H100"]},
        folder=str(tmp_path / "a #1 run"),
    )
    text = together([gpu, here], tmp_path / "page.html")
    assert ", NVIDIA H100</td>" in text
    assert 'href="a%20%231%20run/results.json"' in text


def test_what_a_page_leaves_no_room_for_is_refused() -> None:
    """An option that would do nothing."""
    from click import UsageError

    words = ["report", str(TABLE4[0]), "--html", "page.html", "--recompute"]
    with pytest.raises(UsageError, match="instead of"):
        group.main(words, standalone_mode=False)


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    """`benchbench report RUN RUN --html FILE`."""
    file = tmp_path / "page.html"
    words = ["report", *map(str, TABLE4), "--html", str(file)]
    assert group.main(words, standalone_mode=False) == 0
    assert file.read_text("utf-8").startswith("<!doctype html>")


def test_json_of_several_runs_is_refused() -> None:
    """Two documents are no JSON."""
    from click import UsageError

    with pytest.raises(UsageError, match="one RUN"):
        group.main(["report", *map(str, TABLE4), "--json"], standalone_mode=False)
