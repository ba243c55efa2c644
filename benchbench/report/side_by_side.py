"""A table of the paper, set beside ours: a line a metric, or a line a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.comparing.paper import judge, judge_model
from benchbench.metrics.registry import METRICS
from benchbench.report.absent import missing
from benchbench.report.best import sure_best
from benchbench.report.format import Grid, Line, Notes, figure_text, how_got, number, ratio_text
from benchbench.suite.units import shown_in

if TYPE_CHECKING:
    from benchbench.results.schema import Results
    from benchbench.suite.schema import Model
    from benchbench.suite.tables import Row, Table

__all__ = ["side_by_side"]


def side_by_side(table: Table, results: Results, notes: Notes) -> Grid:
    """The grid of one of the suite's tables."""
    models = [
        model
        for model in results.suite.models
        if results.cell(model.id) and (not table.models or model.id in table.models)
    ]
    title = f"{table.title}: ours, and the paper's" if _quotes(table) else table.title
    if table.layout == "models":
        return _by_model(table, title, models, results, notes)
    return _by_metric(table, title, models, results, notes)


def _quotes(table: Table) -> bool:
    return any(row.paper or row.printed for row in table.rows)


def _title(row: Row) -> str:
    _, unit = shown_in(row)
    return (row.title or METRICS[row.metric].title) + (f", {unit}" if unit else "")


def _ours(row: Row, model: Model, results: Results, notes: Notes) -> str:
    text, why = missing(row.metric, results.cell(model.id), results)
    scale, _ = shown_in(row)
    return figure_text(
        results.figure(model.id, row.metric),
        notes,
        scale=scale,
        decimals=row.decimals,
        missing=text,
        why=why,
    )


def _papers(row: Row, model: Model, notes: Notes) -> str:
    """What the paper prints, with no digit more, marked where it has it from somebody else."""
    parts = []
    if model.id in row.paper:
        parts.append(number(row.paper[model.id], row.own_decimals(model.id)))
    if model.id in row.printed:
        parts.append(row.printed[model.id])
    text = " ".join(parts)
    cited = row.cited.get(model.id)
    return text + (notes.mark([f"quoted by the paper from {cited}"]) if cited and text else "")


def _by_metric(
    table: Table, title: str, models: list[Model], results: Results, notes: Notes
) -> Grid:
    names = {model.id: model.title for model in results.suite.models}
    ratio = table.ratio
    lines: list[Line] = []
    for row in table.rows:
        figures = [results.figure(model.id, row.metric) for model in models]
        verdict = judge(row, table, results)
        cells = [_title(row), *(_ours(row, model, results, notes) for model in models)]
        if ratio:
            found = results.comparison(row.metric, *ratio)
            why = [found.reason] if found and found.reason else []
            cells.append(ratio_text(found) + notes.mark(why))
        cells.append(how_got(METRICS[row.metric], figures))
        cells.append((verdict.word + notes.mark(verdict.reasons)).strip())
        best = sure_best(results, row.metric, [results.cell(it.id) for it in models])
        marked = None if best is None else best + 1
        lines.append(Line(tuple(cells), best=marked, says=METRICS[row.metric].definition))
        if row.paper or row.printed:
            quoted = ["  the paper's", *(_papers(row, model, notes) for model in models)]
            if ratio:
                both = set(ratio) <= row.paper.keys()
                quoted.append(f"{row.paper[ratio[0]] / row.paper[ratio[1]]:.3g}" if both else "")
            lines.append(Line((*quoted, "quoted", ""), quoted=True))
    over = (f"{names[ratio[0]]} : {names[ratio[1]]}",) if ratio else ()
    header = ("", *(model.title for model in models), *over, "how", "verdict")
    return Grid(title, header, tuple(lines), models=len(models))


def _by_model(
    table: Table, title: str, models: list[Model], results: Results, notes: Notes
) -> Grid:
    lines = [
        Line((model.title, *(_cell(row, model, results, notes) for row in table.rows)))
        for model in models
    ]
    return Grid(title, ("", *map(_title, table.rows)), tuple(lines), text_columns=0)


def _cell(row: Row, model: Model, results: Results, notes: Notes) -> str:
    """Ours; below it what the paper prints, and the verdict on it."""
    parts = [_ours(row, model, results, notes)]
    paper = _papers(row, model, notes)
    if paper:
        parts.append(f"paper's: {paper}")
    if model.id in row.paper:
        verdict = judge_model(row, model.id, results)
        parts.append((verdict.word + notes.mark(verdict.reasons)).strip())
    return "\n".join(parts)
