"""The notebook of `examples/`, run by Jupyter's own client."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbclient import NotebookClient

if TYPE_CHECKING:
    from collections.abc import Iterator

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "benchbench.ipynb"


class Cells(HTMLParser):
    """The text of every cell of every table."""

    def __init__(self, html: str) -> None:
        """Read it."""
        super().__init__()
        self.texts: list[str] = []
        self._inside = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser's
        """A cell begins."""
        if tag in {"td", "th"}:
            self._inside = True
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        """A cell ends."""
        self._inside = self._inside and tag not in {"td", "th"}

    def handle_data(self, data: str) -> None:
        """Keep what stands in a cell."""
        if self._inside:
            self.texts[-1] += data


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook with what its cells gave, run in an empty folder."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    folder = tmp_path_factory.mktemp("notebook")
    client = NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(folder)}}, kernel_name="python3"
    )
    client.execute()
    return notebook


def shown(notebook: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """The last line of each cell that shows something, and what it shows, by kind."""
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output["output_type"] == "execute_result":
                yield cell["source"].splitlines()[-1], output["data"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_every_table_of_the_notebook_is_shown(ran: Any) -> None:
    """Counts, layers, results, comparison, energy: HTML with the figures, and one line of text."""
    tables = dict(shown(ran))
    assert len(tables) == 9
    for line, data in tables.items():
        assert data["text/html"], line
        assert Cells(data["text/html"]).texts, line
    by_line = {line: Cells(data["text/html"]).texts for line, data in tables.items()}
    resnet = by_line["benchbench.count(resnet, (3, 64, 64))"]
    assert "11,689,512" in resnet  # torchvision's own docs: num_params of ResNet18_Weights
    assert "3x64x64 -> 64x32x32" in resnet
    assert "synops_exact" in by_line["counts"]
    assert {"spiking", "dense"} <= {*by_line["results"]}
    assert any("same" in text for text in by_line["comparison"])
    assert "simulated" in tables["block"]["text/html"].lower()
    for line in ("counts", "results", "comparison", "block"):
        assert "\n" not in tables[line]["text/plain"], "a short repr is one line"


@pytest.mark.slow
def test_the_notebook_prints_nothing(ran: Any) -> None:
    """No cell writes on standard output or error; warnings of libraries are not ours."""
    streams = [
        output["text"]
        for cell in ran.cells
        for output in cell.get("outputs", ())
        if output["output_type"] == "stream" and "Warning" not in output["text"]
    ]
    assert streams == []


def test_the_notebook_is_kept_without_outputs() -> None:
    """What it gives is of the machine that ran it: nobody's times are committed."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells)
