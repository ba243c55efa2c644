"""A report format is one new file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.report.formats import formats

if TYPE_CHECKING:
    from fixtures_copy import PackageCopy

REFERENCE = Path(__file__).resolve().parents[2] / "reports" / "reference" / "half"

NAMES = '''"""The names of the models, a line each."""

from benchbench.report.formats import report_format


@report_format
def files(results):
    return {"names.txt": "".join(f"{cell.model}\\n" for cell in results.cells)}
'''


def test_a_format_is_one_new_file(package_copy: PackageCopy) -> None:
    """It is written with the others, with no other file touched."""
    package_copy.add("report/names.py", NAMES)
    (stored,) = REFERENCE.iterdir()
    run = package_copy.root / "run"
    run.mkdir()
    (run / "results.json").write_bytes((stored / "results.json").read_bytes())
    package_copy.benchbench("report", str(run), "--write")
    models = [cell["model"] for cell in json.loads((run / "results.json").read_text())["cells"]]
    assert (run / "names.txt").read_text().split() == models
    assert (run / "report.html").is_file()


def test_the_formats_of_a_run_are_those_that_are_documented() -> None:
    """CSV, HTML, Markdown and the drawings."""
    modules = {make.__module__.rpartition(".")[2] for make in formats()}
    assert modules == {"csv", "html", "markdown", "svg"}
