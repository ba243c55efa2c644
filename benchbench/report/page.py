"""Results -> a page of grids of text, once for the console, Markdown and whatever comes after.

A grid's cells are strings; footnotes are numbered once for the whole report, so that `n/a [2]`
means the same reason in every table.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from benchbench.display.displayable import pages_of
from benchbench.display.text import all_neutral
from benchbench.metrics.registry import METRICS
from benchbench.report.audit import accuracies, claims
from benchbench.report.banner import conditions
from benchbench.report.energy import metered, unmetered
from benchbench.report.format import Grid, Notes, fact_text
from benchbench.report.frontier import frontier
from benchbench.report.headline import headlines, where_measured
from benchbench.report.many import in_detail, of_some, overview, some_of_all
from benchbench.report.modelled import modelled, thresholds
from benchbench.report.plots import plots
from benchbench.report.quoted import quoted
from benchbench.report.sections import (
    confusions,
    curves,
    distribution,
    everything,
    failures,
    scales,
)
from benchbench.report.side_by_side import side_by_side
from benchbench.report.spread import between_places

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchbench.report.headline import Headline
    from benchbench.report.plots import Plot
    from benchbench.results.schema import Results
    from benchbench.suite.schema import Settings

__all__ = ["Page", "page"]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report, before it takes a form.

    Attributes:
        title: One line.
        banner: What must be read before any figure: quick, synthetic, simulated, failed.
        grids: The tables.
        notes: Footnotes; the first is number 1.
        how: What really ran, on what machine.
        plots: The figures.
        definitions: What each figure is, by its title; where no table says it already.
        headlines: Who wins, by how much and how surely: a comparison each.
        measured: Machine and data that it was found on.
    """

    title: str
    banner: tuple[str, ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    how: tuple[str, ...]
    plots: tuple[Plot, ...] = ()
    definitions: tuple[tuple[str, str], ...] = ()
    headlines: tuple[Headline, ...] = ()
    measured: str = ""

    def __post_init__(self) -> None:
        """Make all text harmless, whatever form it takes: names and reasons may be anybody's."""
        for item in fields(self):
            object.__setattr__(self, item.name, all_neutral(getattr(self, item.name)))


@pages_of("Results")
def page(results: Results) -> Page:
    """The report of a run."""
    notes, whole = Notes(), results
    results = in_detail(whole)
    which = some_of_all(results, whole)
    some = [side_by_side(table, results, notes) for table in results.suite.tables]
    if results.cells:
        some.append(everything(results, notes))
    some += [*between_places(results), *metered(results)]
    some += [*modelled(results), *thresholds(results)]
    grids = [*distribution(results), *overview(whole, notes), *(of_some(it, which) for it in some)]
    grids += quoted(results)
    if whole.failed:
        grids.append(failures(whole))
    some = accuracies(results) + confusions(results) + curves(results) + scales(results)
    grids += [of_some(it, which) for it in some]
    if results.suite.claims:
        grids.append(claims(whole))
    title = results.suite.title or results.suite.name
    return Page(
        title,
        tuple(_banner(whole)),
        tuple(grids),
        tuple(notes.texts),
        tuple(_how(results, which)),
        plots(results),
        tuple(_definitions(results)),
        (*frontier(whole), *headlines(whole)),
        where_measured(whole) if results.cells else "",
    )


def _definitions(results: Results) -> Iterator[tuple[str, str]]:
    there = {name for cell in results.cells for name in cell.measurements}
    for name, figure in METRICS.items():
        if name in there:
            yield figure.title, figure.definition


def _banner(results: Results) -> list[str]:
    figures = [figure for cell in results.cells for figure in cell.measurements.values()]
    out = conditions(results, figures) + unmetered(results)
    if part := results.run.get("part"):
        out.append(f"PART OF A RUN: {part}")
    if not results.run["complete"]:
        out.append("UNFINISHED RUN: the same command takes it up again")
    out += [f"DAMAGED: {text}" for text in results.run.get("damaged", ())]
    if results.failed:
        out.append(f"{len(results.failed)} of {len(results.cells)} cells failed; see below")
    warnings = [text for data in results.all_data for text in data["warnings"]]
    return out + [f"data: {warning}" for warning in dict.fromkeys(warnings)]


def _size(data: Mapping[str, Any]) -> str:
    """How much data there is, and of what shape where these are no faces."""
    if data["samples"] is None:
        return "a stream of batches"
    if "shape" not in data:
        return f"{data['samples']:,} images"
    return f"{data['samples']:,} samples, one is {data['shape']}"


def _measured_on(results: Results, data: Mapping[str, Any]) -> list[str]:
    """The models that were measured on it, where there is more than one data set."""
    if len(results.all_data) == 1:
        return []
    return [
        results.suite.model(cell.model).title
        for cell in results.cells
        if cell.data and results.data_of(cell) is data
    ]


def _how(results: Results, which: str) -> list[str]:
    suite, machine, run = results.suite, results.fingerprint, results.run
    settings = suite.settings
    out = [f"source of the paper's figures: {suite.source}"] if suite.source else []
    out += [
        f"data: {data['name']} ({data['source']}), {_size(data)}, sha256 {data['digest'][:12]}"
        + ("" if (of := data.get("identity", "content")) == "content" else f" of {of}")
        + (f"; on it: {', '.join(on)}" if (on := _measured_on(results, data)) else "")
        for data in results.all_data
    ]
    out += [
        f"faults of {data['name']}: {'; '.join(data['faults'])}"
        for data in results.all_data
        if data.get("faults")
    ]
    if results.cells:
        trained = [bool(m.checkpoint or suite.settings_of(m).train) for m in suite.models]
        out.append(_settings(run["mode"], settings, trained))
    out += [
        f"{suite.model(cell.model).title}: "
        + "; ".join(f"{key} {fact_text(value)}" for key, value in cell.facts.items())
        for cell in results.cells
        if cell.facts
    ]
    out += [
        f"{model.title} is reconstructed: {model.reconstructed}"
        for model in suite.models
        if model.reconstructed
    ]
    out += [f"{model.title}: {model.note}" for model in suite.models if model.note]
    if which:
        out.append(f"what ran, and notes: of {which}; results.json has them of all")
    out += [
        f"extension: {it['kind'] or 'file'} {it['name']} of {it['package']} {it['version']}"
        + (f": FAILED: {it['problem']}" if it["problem"] else "")
        for it in run.get("extensions", ())
    ]
    places = [(f" {it['name']}", it["fingerprint"]) for it in run.get("places", ())]
    out += [
        f"machine{name}: " + "; ".join(f"{key} {value}" for key, value in found.items())
        for name, found in places or [("", machine)]
    ]
    out.append(f"run {run['id']} by benchbench {results.benchbench}: {run['command']}")
    out.append(
        "± and [low, high] are 95 % intervals: Student's t over fresh processes (n), ratios "
        "paired by round; over batches of images for counts on data; Wilson's for accuracies"
    )
    if not which:
        out.append(
            "the best of a row is marked where it is best for sure: counted exactly, or apart from "
            "the next one by more than chance"
        )
    return out


def _settings(mode: str, settings: Settings, trained: Sequence[bool]) -> str:
    timing = (
        f"{settings.repeats} fresh process(es) a cell, one window of {settings.window_s:g} s each, "
        f"at least {settings.window_iterations} iterations"
        if settings.repeats
        else "nothing timed"
    )
    spikes = f"spikes on {settings.images} images after "
    steps = f"{settings.train_steps} training steps"
    if all(trained):
        spikes += "training"
    elif any(trained):  # which of the two it was stands with each model
        spikes += f"training; of models whose line here names no weights after {steps}"
    else:
        spikes += steps
    return (
        f"settings: {mode}, batch {settings.batch_size}, {timing}; {spikes}; seed {settings.seed}"
    )
