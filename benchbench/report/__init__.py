"""Reports; each a pure function of `benchbench.results.schema.Results`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from benchbench import extensions
from benchbench.files import write_text
from benchbench.report.formats import formats, is_foreign
from benchbench.results import stored
from benchbench.results.schema import RESULTS

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.results.schema import Results

__all__ = ["keep"]


def keep(results: Results, folder: Path) -> None:
    """Write ``results.json`` and the files of every format.

    The results come first: they are what the others can be made from again. A format from outside
    that fails leaves ``<format>.failed.txt`` with the reason in place of its files.

    Raises:
        OutputError: One of them cannot be written.
    """
    write_text(folder / RESULTS, stored.text_of(results))
    results = replace(results, folder=str(folder))  # where the raw readings are
    for make in formats():
        try:
            files = make(results)
        except Exception as error:
            if not is_foreign(make):
                raise
            files = {f"{make.__name__}.failed.txt": f"{extensions.why(error)}\n"}
        for name, text in files.items():
            write_text(folder / name, text)
