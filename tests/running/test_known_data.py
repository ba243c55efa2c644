"""What a suite's and a model's data come to before a run, FER+'s labels included."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchbench.codec import plain, restored
from benchbench.data.source import ferplus_of
from benchbench.errors import DataError, SuiteError
from benchbench.running.known_data import known_data
from benchbench.suite import loader
from benchbench.suite.schema import Model, Suite

USAGE = ("Training", "Training", "PublicTest", "PrivateTest")
HEAD = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"


def faces(folder: Path, votes: str = "fer2013new.csv") -> Path:
    """Four images of FER2013; all their votes are for contempt."""
    file = folder / "fer2013.csv"
    pixels = [" ".join([str(shade)] * 2304) for shade in (10, 50, 90, 130)]
    rows = [f"{label},{pixels[label]},{usage}" for label, usage in enumerate(USAGE)]
    file.write_text("\n".join(["emotion,pixels,Usage", *rows]) + "\n")
    lines = [f"{usage},{label}.png,0,0,0,0,0,0,0,9,1,0" for label, usage in enumerate(USAGE)]
    (folder / votes).write_text("\n".join([HEAD, *lines]) + "\n")
    return file


def suite(data: str, *own: str) -> Suite:
    """A suite of a model on the suite's data, and of one on each of the others."""
    more = [Model(f"m{i}", "vgg", data=source) for i, source in enumerate(own)]
    return Suite(name="s", data=data, models=[Model("common", "vgg"), *more])


def test_ferplus_by_itself_is_the_suites_own_images(tmp_path: Path) -> None:
    """Wherever they come from: the suite's folder, `--data`, or another rule of FER+."""
    file = faces(tmp_path)
    found = known_data(suite("fer2013.csv", "ferplus"), tmp_path)
    common, plus = found["common"].reference, found["m0"].reference
    assert (common.source, common.num_classes) == (str(file), 7)
    assert plus.source == f"ferplus:{file},{tmp_path / 'fer2013new.csv'}"
    assert (plus.num_classes, plus.digest != common.digest) == (8, True)
    instead = known_data(suite("synthetic_faces", "ferplus"), Path("/"), str(file))
    assert instead["m0"] == found["m0"]
    of_ferplus = known_data(suite(f"ferplus:{file}", "ferplus_majority"), Path("/"))
    assert of_ferplus["common"].reference == plus
    assert of_ferplus["m0"].reference.source.startswith(f"ferplus_majority:{file},")


def test_votes_may_lie_elsewhere(tmp_path: Path) -> None:
    """Both paths of a source start at the suite's folder; a reference has them absolute."""
    (tmp_path / "votes").mkdir()
    file = faces(tmp_path, "votes/v.csv")
    found = known_data(suite("synthetic_faces", "ferplus:fer2013.csv,votes/v.csv"), tmp_path)
    source = found["m0"].reference.source
    assert source == f"ferplus:{file},{tmp_path / 'votes' / 'v.csv'}"
    again = known_data(suite("synthetic_faces", source), Path("/"))
    assert again["m0"].reference == found["m0"].reference
    with pytest.raises(DataError, match="ferplus:IMAGES,VOTES"):
        known_data(suite("synthetic_faces", "ferplus:fer2013.csv"), tmp_path)


def test_drawn_faces_have_labels_of_ferplus() -> None:
    """The default of Table 6."""
    plus = known_data(suite("synthetic_faces", "ferplus"), Path("/"))["m0"]
    assert plus.reference.source == "ferplus:synthetic_faces"
    assert (plus.reference.num_classes, plus.about["synthetic"]) == (8, True)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ferplus", ("ferplus", "", "")),
        ("ferplus:a.csv", ("ferplus", "a.csv", "")),
        ("ferplus_majority:a,b.csv, v.csv", ("ferplus_majority", "a,b.csv", "v.csv")),
        ("ferplusses:a.csv", None),
        ("faces.csv", None),
    ],
)
def test_parts_of_a_source(text: str, wanted: tuple[str, str, str] | None) -> None:
    """The votes stand behind the last comma."""
    assert ferplus_of(text) == wanted


def test_the_key_that_is_gone_is_told_by_what_to_write(tmp_path: Path) -> None:
    """A suite that has it is one fault with its line; a stored one of before loads."""
    text = "benchbench: 1\nname: s\nmodels:\n  - { id: a, model: vgg }\n  - id: b\n    model: vgg\n"
    with pytest.raises(SuiteError) as caught:
        loader.parse(f"{text}    labels: ferplus\n", "s.yaml", tmp_path)
    (fault,) = caught.value.faults
    assert (fault.line, "`data: ferplus`" in str(fault)) == (7, True)
    stored = plain(suite("digits"))
    stored["models"][0]["labels"] = "ferplus"
    assert [*restored(Suite, stored).models] == [*suite("digits").models]


def test_labels_beyond_the_training_s_classes_are_kept_as_a_misfit(tmp_path: Path) -> None:
    """Whether that is a fault shows with the task of a model, which is not known here."""
    (tmp_path / "own.py").write_text(
        "import numpy\nx, y = numpy.zeros((4, 2)), numpy.arange(4)\n"
        "def data(): return {'train': (x, y), 'test': (x, y + 1)}\n"
    )
    found = known_data(suite(f"{tmp_path}/own.py:data"), tmp_path)
    (known,) = found.values()
    assert known.reference.misfit == "test: labels from 1 to 4 do not fit 4 classes"
    assert (known.reference.targets, known.reference.num_classes) == ("unnumbered", None)


def test_a_fault_of_a_function_s_data_names_its_source_once(tmp_path: Path) -> None:
    """What a worker found is told as what is found here is."""
    (tmp_path / "own.py").write_text("def data(): return {'tset': 1}\n")
    source = f"{tmp_path}/own.py:data"
    with pytest.raises(DataError) as caught:
        known_data(suite(source), tmp_path)
    assert str(caught.value).count(source) == 1
    assert "DataError" not in str(caught.value)
    assert "it has tset" in str(caught.value)
