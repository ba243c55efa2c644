"""Several runs on one page: what each was, and their reports one below the other."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from benchbench.display.text import all_neutral
from benchbench.report.html import body_of, document_of, own_ids
from benchbench.report.templates import environment
from benchbench.results.places import digest_of_machine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.results.schema import Results

__all__ = ["together"]

HEAD = "together.html.jinja"
MIXED = (
    "the runs on this page are of different {}: set no figure of one against a figure of another "
    "that rests on it; `benchbench compare` says which may be"
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What a run was, in words."""

    start: str
    name: str
    mode: str
    models: str
    machine: str
    data: str


def together(runs: Sequence[Results], file: Path) -> str:
    """The reports of several runs as one HTML document.

    Args:
        runs: The runs, each with its folder, in the order of the page.
        file: Where the document will lie, for the links to the raw files.
    """
    names = [f"run{number}" for number in range(1, len(runs) + 1)]
    entries = [_entry(name, run) for name, run in zip(names, runs, strict=True)]
    differ = [
        what
        for what, of in (
            ("machines or software", {digest_of_machine(run.fingerprint) for run in runs}),
            ("data", {it.data for it in entries}),
            ("modes", {it.mode for it in entries}),
        )
        if len(of) > 1
    ]
    title = "; ".join(dict.fromkeys(run.suite.title or run.suite.name for run in runs))
    said = all_neutral(tuple(entries)), tuple(MIXED.format(what) for what in differ)
    head = environment().get_template(HEAD).render(entries=said[0], banner=said[1])
    sections = [
        f'<section id="{name}">\n{own_ids(body_of(run, _raw(run, file)), f"{name}-")}\n</section>'
        for name, run in zip(names, runs, strict=True)
    ]
    return document_of(f"{len(runs)} runs: {title}", "\n".join([head, *sections]))


def _entry(start: str, run: Results) -> _Entry:
    machine = run.fingerprint
    gpus = map(str, machine.get("gpus") or ())
    return _Entry(
        start,
        f"{run.suite.name}, {run.run['id']}",
        str(run.run["mode"]),
        ", ".join(run.suite.model(cell.model).title for cell in run.cells),
        ", ".join([str(machine.get("cpu", "not recorded")), *gpus]),
        ", ".join(f"{it['name']} (sha256 {it['digest'][:12]})" for it in run.all_data),
    )


def _raw(run: Results, file: Path) -> str:
    """Where a run's files lie, as seen from the document."""
    place = os.path.relpath(Path(run.folder).resolve(), file.resolve().parent)
    return f"{quote(Path(place).as_posix())}/"
