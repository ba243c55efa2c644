"""The command that draws the paper's figures: files, words inside them, failures, exit codes."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from click.testing import CliRunner
from fixtures_faces import USUAL
from PIL import Image

from benchbench import api
from benchbench.cli import main
from benchbench.cli.endings import exit_code
from benchbench.data import CLASS_NAMES
from benchbench.errors import BenchbenchError, OutputError

if TYPE_CHECKING:
    from click.testing import Result

REFERENCE = Path(__file__).parents[2] / "reports" / "reference"
TRAINED = REFERENCE / "train-conv_snn" / "20261124-101104"


def figures(*words: object) -> Result:
    """The command, with its own exit code as the outcome."""
    given = ["figures", *map(str, words)]
    return CliRunner().invoke(main.group, given, standalone_mode=False)


def words_of(file: Path) -> str:
    """The text in an SVG document, lines joined; it must be well-formed."""
    tree = ET.fromstring(file.read_text("utf-8"))  # noqa: S314 - our own file
    assert tree.tag == "{http://www.w3.org/2000/svg}svg"
    return " ".join(" ".join(tree.itertext()).split())


def photographs(file: Path) -> Path:
    """A file in FER2013's form: noise, three images a class and split."""
    rng, lines = np.random.default_rng(0), ["emotion,pixels,Usage"]
    for usage in USUAL:
        for label in [*range(len(CLASS_NAMES))] * 3:
            pixels = " ".join(map(str, rng.integers(0, 256, 2304)))
            lines.append(f"{label},{pixels},{usage}")
    file.write_text("\n".join(lines) + "\n")
    return file


def test_figures_without_training_are_whole_and_say_that_they_are_synthetic(
    tmp_path: Path,
) -> None:
    """PNG and SVG can be read, carry title and data, and the pages show them with captions."""
    done = figures(3, 1, 2, "--out", tmp_path)
    assert done.return_value == 0, done.output
    for number in (1, 2, 3):
        text = words_of(tmp_path / f"figure_{number:02}.svg")
        assert f"After Figure {number}: " in text
        assert "SYNTHETIC data: drawn faces (synthetic_faces, seed 0)" in text
        image = Image.open(io.BytesIO((tmp_path / f"figure_{number:02}.png").read_bytes()))
        image.load()
        assert image.width == 972
        assert len(np.unique(np.asarray(image.convert("L")))) > 2
    assert "mean distance" in words_of(tmp_path / "figure_03.svg")
    listed = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert [it["number"] for it in listed] == [1, 2, 3]
    page, read_me = ((tmp_path / name).read_text() for name in ("index.html", "README.md"))
    assert page.count("<img ") == len(re.findall(r'alt="[^"]{40,}"', page)) == 3
    for text in (page, read_me):
        assert "benchbench figures 3" in text
        assert str(tmp_path) not in text
        for link in re.findall(r'(?:src|href)="([^"]+)"|\]\(([^)]+)\)', text):
            assert (tmp_path / "".join(link)).is_file()


def test_the_same_call_gives_the_same_bytes_and_keeps_the_others(tmp_path: Path) -> None:
    """A second call redraws its own figure alone, equal to the byte."""
    api.draw_figures([1, 2], out=tmp_path)
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    api.draw_figures([2], out=tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_curves_and_matrix_of_a_stored_run(tmp_path: Path) -> None:
    """`--from` draws Figure 4 from the run alone, names it, and does not call it synthetic."""
    done = figures(4, "--from", TRAINED, "--out", tmp_path, "--runs", tmp_path / "runs")
    assert done.return_value == 0, done.output
    text = words_of(tmp_path / "figure_04.svg")
    assert "Data: fer2013" in text
    assert "SYNTHETIC" not in text
    assert "A SHORT training: 4 epochs on all 28,709 images" in text
    assert "run train-conv_snn/20261124-101104" in text
    assert "test (PrivateTest)" in text
    (entry,) = json.loads((tmp_path / "figures.json").read_text())["figures"]
    assert entry["command"] == "benchbench figures 4 --from train-conv_snn/20261124-101104"
    assert not (tmp_path / "runs").exists()  # nothing was trained


def test_a_figure_that_the_paper_has_not_is_a_usage_error_with_the_list(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and every figure that there is."""
    words = ["figures", "11", "--out", str(tmp_path / "out")]
    assert exit_code(lambda: main.group(words, standalone_mode=False)) == 2
    told = capsys.readouterr().err
    assert "the paper has no Figure 11; it has" in told
    for number in range(1, 11):
        assert re.search(rf"^ +{number}  \w", told, re.MULTILINE)
    assert not (tmp_path / "out").exists()


def test_a_training_that_fails_is_told_and_the_others_are_drawn(tmp_path: Path) -> None:
    """Without FER+'s votes Figures 6 and 7 are missing, with the reason; exit code 3."""
    data = photographs(tmp_path / "fer2013.csv")
    out = tmp_path / "out"
    done = figures(1, 6, 7, 2, "--data", data, "--out", out, "--runs", tmp_path / "runs")
    assert done.return_value == 3, done.output
    for number in (6, 7):
        assert f"Figure  {number} could not be made: " in done.output
    assert "FER+'s labels need its votes" in done.output
    made = sorted(file.stem for file in out.glob("*.png"))
    assert made == ["figure_01", "figure_02"]
    assert "SYNTHETIC" not in words_of(out / "figure_01.svg")
    assert (out / ".gitignore").read_text().endswith("\n*\n")  # photographs are not committed


def test_photographs_do_not_get_among_drawn_faces(tmp_path: Path) -> None:
    """A folder of drawn figures, which may be published, refuses them."""
    api.draw_figures([1], out=tmp_path / "out")
    data = photographs(tmp_path / "fer2013.csv")
    with pytest.raises(OutputError, match="photographs belong into a folder of their own"):
        api.draw_figures([1], data=str(data), out=tmp_path / "out")


def test_what_cannot_be_written_is_told_before_anything_is_trained(tmp_path: Path) -> None:
    """The folder is named, and no run was begun."""
    with pytest.raises(OutputError, match=r"/dev/null/out/figures\.json: cannot be written"):
        api.draw_figures([4], out="/dev/null/out", runs=tmp_path)
    assert not [*tmp_path.iterdir()]


def test_a_hostile_name_of_a_file_is_text_everywhere(tmp_path: Path) -> None:
    """Markup and mathematics in it are shown, and never read."""
    data = photographs(tmp_path / "<b>$x^2$ & [y](z)\x1b.csv")
    api.draw_figures([1], data=str(data), out=tmp_path / "out")
    assert "(<b>$x^2$ & [y](z)" in words_of(tmp_path / "out" / "figure_01.svg")
    page, read_me = ((tmp_path / "out" / name).read_text() for name in ("index.html", "README.md"))
    assert "&lt;b&gt;$x^2$ &amp; [y](z)" in page
    assert "<b>" not in page + read_me
    assert "[y](z)" not in read_me
    assert "\x1b" not in page + read_me


def test_data_that_is_no_faces_is_refused(tmp_path: Path) -> None:
    """Its source is named; so is a run that is not there."""
    with pytest.raises(BenchbenchError, match="digits: the paper's figures are of faces"):
        api.draw_figures([1], data="digits", out=tmp_path)
    with pytest.raises(BenchbenchError, match="nowhere"):
        api.draw_figures([4], run=tmp_path / "nowhere", out=tmp_path)


@pytest.mark.parametrize("images", ["0", "-3", "some"])
def test_a_number_of_images_is_one(
    images: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anything but a number from 1 and all is a usage error."""
    words = ["figures", "4", f"--images={images}", "--out", str(tmp_path / "out")]
    assert exit_code(lambda: main.group(words, standalone_mode=False)) == 2
    assert "expected a number of images or all" in capsys.readouterr().err


@pytest.mark.slow
def test_one_training_serves_curves_and_encoders(tmp_path: Path) -> None:
    """Figures 4, 9 and 10 come of one short training, which the second call finds again."""
    words = ("--epochs", 1, "--images", 16, "--out", tmp_path / "out", "--runs", tmp_path / "runs")
    done = figures(4, 9, 10, *words)
    assert done.return_value == 0, done.output
    for number in (4, 9, 10):
        text = words_of(tmp_path / "out" / f"figure_{number:02}.svg")
        assert "A SHORT training: 1 epoch on 16 of 2,100 images" in text
        assert "SYNTHETIC" in text
    assert "Encoder II, t = 3" in words_of(tmp_path / "out" / "figure_09.svg")
    png = (tmp_path / "out" / "figure_09.png").read_bytes()
    again = figures(9, *words)
    assert again.return_value == 0, again.output
    assert (tmp_path / "out" / "figure_09.png").read_bytes() == png
