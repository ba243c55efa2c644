"""FER+ labels, splits and the data check."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from benchbench.data import FaceData, load
from benchbench.data.check import check
from benchbench.data.sets import data_set_of
from benchbench.data.splits import split
from benchbench.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path

PIXELS = [" ".join([str(shade)] * 2304) for shade in (0, 50, 50, 90, 50)]
USAGE = ["Training", "Training", "Training", "PublicTest", "PrivateTest"]
FER = "emotion,pixels,Usage\n" + "".join(
    f"{label},{pixels},{usage}\n"
    for label, pixels, usage in zip((0, 1, 2, 3, 1), PIXELS, USAGE, strict=True)
)
HEAD = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
VOTES = [
    "0,0,0,0,0,0,0,0,0,10",  # not a face
    "4,3,1,1,1,0,0,0,0,0",  # neutral, but no majority once single votes are dropped: 4 of 7 is one
    "3,3,2,2,0,0,0,0,0,0",  # neutral by arg-max, no majority
    "0,0,0,0,0,0,0,9,1,0",  # contempt
    "0,0,0,0,0,0,0,0,9,1",  # unknown
]


def files(folder: Path, votes: list[str] = VOTES, head: str = HEAD) -> tuple[str, str]:
    """FER2013 and FER+ of five images."""
    fer, plus = folder / "fer2013.csv", folder / "fer2013new.csv"
    fer.write_text(FER)
    names = ["", "a.png", "b.png", "c.png", "d.png"]
    rows = [f"{u},{n},{v}" for u, n, v in zip(USAGE, names, votes, strict=False)]
    plus.write_text("\n".join([head, *rows]) + "\n")
    return str(fer), str(plus)


def test_both_rules_drop_what_they_should(tmp_path: Path) -> None:
    """Plain arg-max keeps a plurality, Microsoft's rule needs a majority; both know contempt."""
    fer, _ = files(tmp_path)
    plain = load(f"ferplus:{fer}")
    strict = load(f"ferplus_majority:{fer}")
    assert (plain.labels.tolist(), plain.rows.tolist()) == ([6, 6, 7], [3, 4, 5])
    assert (strict.labels.tolist(), strict.rows.tolist()) == ([6, 7], [3, 5])
    assert plain.num_classes == 8
    assert plain.digest != strict.digest


@pytest.mark.parametrize(
    ("votes", "head", "wanted"),
    [
        (VOTES[:-1], HEAD, "4 rows of votes for 5 images"),
        ([*VOTES[:2], "3,3,2", *VOTES[3:]], HEAD, ":4: expected 12 fields"),
        ([*VOTES[:2], VOTES[2].replace("3", "x"), *VOTES[3:]], HEAD, ":4: votes 'x'"),
        (VOTES, HEAD.replace("contempt", "c"), ":1: no column 'contempt'"),
        ([], HEAD, "no rows"),
    ],
)
def test_broken_votes_name_the_row(
    tmp_path: Path, votes: list[str], head: str, wanted: str
) -> None:
    """A votes file that is broken or of other images is refused with the row."""
    fer, _ = files(tmp_path, votes, head)
    with pytest.raises(DataError, match=wanted):
        load(f"ferplus:{fer}")


def test_votes_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    """Without the votes the error says what to give."""
    fer, plus = files(tmp_path)
    (tmp_path / plus).unlink()
    with pytest.raises(DataError, match="ferplus:IMAGES,VOTES"):
        load(f"ferplus:{fer}")


def test_the_check_finds_what_was_planted(tmp_path: Path) -> None:
    """One black image, two surplus duplicates, one conflict, one leak, with their rows."""
    found = {item.kind: item for item in check(load(files(tmp_path)[0])).findings}
    assert {kind: item.count for kind, item in found.items()} == {
        "black": 1,
        "duplicates": 2,
        "conflicts": 1,
        "leaks": 1,
    }
    assert (found["black"].rows, found["duplicates"].rows, found["leaks"].rows) == (
        (2,),
        (3,),
        (6,),
    )


def test_the_real_votes_give_the_published_counts(fer2013_csv: Path) -> None:
    """28,389 / 3,553 / 3,546 by arg-max and 25,060 / 3,199 / 3,153 by Microsoft's rule."""
    wanted = {"ferplus": [28389, 3553, 3546], "ferplus_majority": [25060, 3199, 3153]}
    for rule, counts in wanted.items():
        data = load(f"{rule}:{fer2013_csv}")
        parts = ("Training", "PublicTest", "PrivateTest")
        assert [len(data.split(part)) for part in parts] == counts


def test_the_check_of_the_real_csv_finds_its_known_faults(fer2013_csv: Path) -> None:
    """`benchbench data check --json`: 12 black, 1,851 duplicates, 56 conflicts, 289 leaks."""
    command = [sys.executable, "-m", "benchbench", "data", "check", str(fer2013_csv), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (data,) = json.loads(done.stdout)["data"]
    found = {(item["kind"], item["text"].partition(" ")[0]): item for item in data["findings"]}
    counts = {kind: item["count"] for kind, item in found.items()}
    assert counts["black", "all-black"] == 12
    assert counts["duplicates", "surplus"] == 1851
    assert counts["conflicts", "groups"] == 56
    assert counts["leaks", "PrivateTest"] == 289 == len(found["leaks", "PrivateTest"]["rows"])
    assert sum(data["distribution"]["happy"].values()) == 8989


@pytest.mark.parametrize("usage", [["Training"], ["Training", "Test"]])
def test_splits_that_the_data_lacks_are_held_out(usage: list[str]) -> None:
    """No image is in two of the three sets, and the reader is told."""
    count = 100
    images = np.zeros((count, 48, 48), np.uint8)
    images[:, 0, 0] = np.arange(count)
    labels, names = np.arange(count) % 7, np.resize(usage, count)
    data = FaceData("n", images, labels, names, tuple("abcdefg"), False, "s", "d")
    parts = split(data_set_of(data), 0)
    seen = [
        round(255 * float(inputs.args[0][0, 0, 0, 0]))
        for part in (parts.train, parts.select, parts.report)
        for inputs, _ in part.batches(1)
    ]
    assert sorted(seen) == list(range(count))
    assert len(parts.notes) == 2


def test_a_quick_run_draws_from_the_held_out_sets_and_says_so() -> None:
    """The same images by the same seed, none of them trained on."""
    data = data_set_of(load("synthetic_faces"))
    first, second = (split(data, 3, 50) for _ in range(2))
    assert len(first.select) == len(first.report) == 50
    (one, _), (two, _) = (next(found.report.batches(50)) for found in (first, second))
    assert torch.equal(one.args[0], two.args[0])
    assert first.report_name == "PrivateTest"
    assert "on 50 samples" in first.notes[0]


def test_drawn_faces_have_an_eighth_expression() -> None:
    """What stands for FER+ on the embedded data has its eight classes."""
    data = load("ferplus:synthetic_faces")
    assert data.synthetic
    assert len(set(data.labels.tolist())) == data.num_classes == 8
