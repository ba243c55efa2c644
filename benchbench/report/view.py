"""Results -> grids of text, once for the console, Markdown and whatever comes after.

A grid's cells are strings; footnotes are numbered once for the whole report, so that `n/a [2]`
means the same reason in every table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchbench.metrics import METRICS, Metric
from benchbench.verdict import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchbench.measurement import Measurement
    from benchbench.results import Comparison, Results
    from benchbench.suite import Row, Table

__all__ = ["Grid", "Line", "Page", "page"]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a grid; `quoted` lines are the paper's, not ours."""

    cells: tuple[str, ...]
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table of text. The first and the last `text_columns` columns are words, not figures."""

    title: str
    header: tuple[str, ...]
    lines: tuple[Line, ...]
    text_columns: int = 2


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report, before it takes a form.

    Attributes:
        title: One line.
        banner: What must be read before any figure: quick, synthetic, simulated, failed.
        grids: The tables.
        notes: Footnotes; the first is number 1.
        how: What really ran, on what machine.
    """

    title: str
    banner: tuple[str, ...]
    grids: tuple[Grid, ...]
    notes: tuple[str, ...]
    how: tuple[str, ...]


@dataclass(slots=True)
class _Notes:
    """Footnotes, numbered in the order of their first use."""

    texts: list[str] = field(default_factory=list)

    def mark(self, reasons: Sequence[str]) -> str:
        """`` [1][3]`` for these reasons."""
        for reason in reasons:
            if reason not in self.texts:
                self.texts.append(reason)
        numbers = sorted(self.texts.index(reason) + 1 for reason in reasons)
        return " " + "".join(f"[{number}]" for number in numbers) if numbers else ""


def page(results: Results) -> Page:
    """The report of a run."""
    notes = _Notes()
    grids = [_side_by_side(table, results, notes) for table in results.suite.tables]
    grids.append(_everything(results, notes))
    if results.failed:
        grids.append(_failures(results))
    if results.suite.claims:
        grids.append(_claims(results))
    title = results.suite.title or results.suite.name
    return Page(
        title, tuple(_banner(results)), tuple(grids), tuple(notes.texts), tuple(_how(results))
    )


def _banner(results: Results) -> list[str]:
    out = []
    if results.run["mode"] == "quick":
        out.append("QUICK RUN: short windows and few repeats; not for publication")
    if results.data["synthetic"]:
        out.append("SYNTHETIC DATA: drawn faces, not photographs; spikes and sparsity are of these")
    figures = [figure for cell in results.cells for figure in cell.measurements.values()]
    if any(figure.provenance == "simulated" for figure in figures):
        out.append("SIMULATED SENSOR: figures marked (simulated) measured no real device")
    if not results.run["complete"]:
        out.append("UNFINISHED RUN: the same command takes it up again")
    if results.failed:
        out.append(f"{len(results.failed)} of {len(results.cells)} cells failed; see below")
    return out + [f"data: {warning}" for warning in results.data["warnings"]]


def number(value: float, decimals: int | None = None) -> str:
    """A figure for people: thousands separated, four significant digits unless told otherwise."""
    if decimals is not None:
        return f"{value:,.{decimals}f}"
    if value == int(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:,.2f}" if abs(value) >= 100 else f"{value:.4g}"


def _figure(
    figure: Measurement | None,
    notes: _Notes,
    *,
    scale: float = 1.0,
    decimals: int | None = None,
    missing: str = "n/a",
) -> str:
    """A cell: the value, half its interval, what is wrong with it."""
    if figure is None:
        return missing
    mark = notes.mark(figure.reasons)
    if figure.value is None:
        return f"n/a{mark}"
    text = number(figure.value * scale, decimals)
    if figure.low is not None and figure.high is not None:
        text += f" ±{number((figure.high - figure.low) / 2 * scale, decimals)}"
    if not figure.valid:
        text += " (invalid)"
    if figure.provenance == "simulated":
        text += " (simulated)"
    return text + mark


def _ratio(found: Comparison | None) -> str:
    if found is None:
        return "n/a"
    if found.low is None or found.high is None:
        return f"{found.value:.3g}"
    return f"{found.value:.3g} [{found.low:.3g}, {found.high:.3g}]"


def _how_got(metric: Metric, figures: Sequence[Measurement | None]) -> str:
    counts = sorted({figure.n for figure in figures if figure and figure.value is not None})
    return f"{metric.method}, n={'/'.join(map(str, counts))}" if counts else metric.method


def _side_by_side(table: Table, results: Results, notes: _Notes) -> Grid:
    of, to = table.ratio
    models = [model for model in results.suite.models if results.cell(model.id)]
    names = {model.id: model.title for model in results.suite.models}
    lines = []
    for row in table.rows:
        lines += _row(row, table, results, notes)
    header = (
        "",
        *(model.title for model in models),
        f"{names[of]} : {names[to]}",
        "how",
        "verdict",
    )
    return Grid(f"{table.title}: ours, and the paper's", header, tuple(lines))


def _row(row: Row, table: Table, results: Results, notes: _Notes) -> list[Line]:
    of, to = table.ratio
    metric = METRICS[row.metric]
    models = [model.id for model in results.suite.models if results.cell(model.id)]
    figures = [results.figure(model, row.metric) for model in models]
    unit = row.unit or ("" if metric.unit == "1" else metric.unit)
    title = (row.title or metric.title) + (f", {unit}" if unit else "")
    verdict = judge(row, table, results)
    ours = Line(
        (
            title,
            *(
                _figure(
                    figure,
                    notes,
                    scale=row.scale,
                    decimals=row.decimals,
                    missing=_state(results, model),
                )
                for model, figure in zip(models, figures, strict=True)
            ),
            _ratio(results.comparison(row.metric, of, to)),
            _how_got(metric, figures),
            (verdict.word + notes.mark(verdict.reasons)).strip(),
        )
    )
    if not row.paper:
        return [ours]
    quoted = [
        number(row.paper[model], row.decimals) if model in row.paper else "" for model in models
    ]
    ratio = f"{row.paper[of] / row.paper[to]:.3g}" if {of, to} <= row.paper.keys() else ""
    return [ours, Line(("  the paper's", *quoted, ratio, "quoted", ""), quoted=True)]


def _state(results: Results, model_id: str) -> str:
    cell = results.cell(model_id)
    return cell.status if cell and cell.status != "ok" else "n/a"


def _everything(results: Results, notes: _Notes) -> Grid:
    """Every figure of every model, whether a paper asked for it or not."""
    shown = [name for name in METRICS if any(name in cell.measurements for cell in results.cells)]
    lines = []
    for name in shown:
        metric = METRICS[name]
        figures = [cell.measurements.get(name) for cell in results.cells]
        cells = [
            _figure(figure, notes, missing=cell.status)
            for cell, figure in zip(results.cells, figures, strict=True)
        ]
        unit = "" if metric.unit == "1" else f", {metric.unit}"
        lines.append(Line((metric.title + unit, *cells, name, _how_got(metric, figures))))
    titles = [results.suite.model(cell.model).title for cell in results.cells]
    return Grid("Every figure, per sample", ("", *titles, "name", "how"), tuple(lines))


def _failures(results: Results) -> Grid:
    lines = [
        Line((results.suite.model(cell.model).title, cell.status, reason))
        for cell in results.failed
        for reason in cell.reasons or ("no reason was given",)
    ]
    return Grid("Cells that failed", ("model", "status", "reason"), tuple(lines), text_columns=3)


def _claims(results: Results) -> Grid:
    lines = []
    for claim in results.suite.claims:
        here = ""
        if claim.measure is not None:
            wanted = claim.measure
            found = results.comparison(wanted.metric, wanted.of, wanted.to)
            here = f"{_ratio(found)} ({wanted.metric}, {wanted.of} : {wanted.to})"
        lines.append(Line((claim.text, claim.recomputed, claim.verdict, here, claim.note)))
    header = (
        "the paper says",
        "recomputed from its own figures",
        "verdict",
        "this run's ratio",
        "note",
    )
    return Grid("Claims audit", header, tuple(lines), text_columns=5)


def _how(results: Results) -> list[str]:
    suite, machine, run = results.suite, results.fingerprint, results.run
    settings = suite.settings
    out = [f"source of the paper's figures: {suite.source}"] if suite.source else []
    data = results.data
    out.append(
        f"data: {data['name']} ({data['source']}), {data['samples']:,} images, "
        f"sha256 {data['digest'][:12]}"
    )
    out.append(
        f"settings: {run['mode']}, batch {settings.batch_size}, {settings.repeats} fresh "
        f"process(es) a cell, one window of {settings.window_s:g} s each, at least "
        f"{settings.window_iterations} iterations; spikes on {settings.images} images after "
        f"{settings.train_steps} training steps; seed {settings.seed}"
    )
    out += [
        f"{suite.model(cell.model).title}: "
        + "; ".join(f"{key} {value}" for key, value in cell.facts.items())
        for cell in results.cells
        if cell.facts
    ]
    out += [
        f"{model.title} is reconstructed: {model.reconstructed}"
        for model in suite.models
        if model.reconstructed
    ]
    out += [f"{model.title}: {model.note}" for model in suite.models if model.note]
    out.append("machine: " + "; ".join(f"{key} {value}" for key, value in machine.items()))
    out.append(f"run {run['id']} by benchbench {results.benchbench}: {run['command']}")
    out.append(
        "± and [low, high] are 95 % intervals: Student's t over fresh processes (n), ratios "
        "paired by round; over batches of images for counts on data"
    )
    return out
