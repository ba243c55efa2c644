"""LaTeX tables (booktabs) of a suite's own tables, with a mark for how each figure was got."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.text import neutral
from benchbench.metrics.registry import METRICS
from benchbench.report.banner import conditions
from benchbench.report.exports.base import export
from benchbench.report.format import enough, interval_text, number
from benchbench.suite.units import shown_in

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results
    from benchbench.suite.tables import Row, Table

__all__ = ["escaped", "latex"]

MARKS = {"metered": "", "timed": "", "counted": "", "modelled": r"\dag", "quoted": r"\ddag"}
SIMULATED, INVALID = r"\S", r"\P"
LEGEND = (
    r"\dag~modelled by a formula, not measured; \ddag~quoted from a paper; "
    r"\S~of a simulated sensor; \P~not valid, see the report."
)
SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}


@export("latex", "LaTeX tables (booktabs), marked where a figure is modelled, quoted or simulated")
def latex(results: Results) -> dict[str, str]:
    """``tables.tex``: one ``table`` for each of the suite's, for LaTeX's ``input``."""
    told = "".join(rf" {escaped(line)}." for line in conditions(results, ()))
    parts = [_table(table, results, told) for table in results.suite.tables]
    head = f"% {neutral(results.suite.title or results.suite.name)}, run {results.run['id']}\n"
    return {"tables.tex": head + "% needs: \\usepackage{booktabs}\n" + "\n".join(parts)}


def _table(table: Table, results: Results, told: str) -> str:
    wanted = table.models or tuple(model.id for model in results.suite.models)
    models = [cell.model for cell in results.cells if cell.model in wanted]
    titles = [escaped(results.suite.model(model).title) for model in models]
    lines = [" & ".join(["", *titles]) + r" \\", r"\midrule"]
    for row in table.rows:
        scale, unit = shown_in(row)
        name = row.title or METRICS[row.metric].title
        title = escaped(f"{name}, {unit}" if unit else name)
        cells = [_cell(results.figure(model, row.metric), row, scale) for model in models]
        lines.append(" & ".join([title, *cells]) + r" \\")
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{escaped(table.title)}}}",
            rf"\begin{{tabular}}{{l{'r' * len(models)}}}",
            r"\toprule",
            *lines,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\par\footnotesize {LEGEND}{told}",
            r"\end{table}",
            "",
        ]
    )


def _cell(figure: Measurement | None, row: Row, scale: float) -> str:
    if figure is None or figure.value is None:
        return "n/a"
    decimals = enough(figure.value * scale, row.decimals)
    text = number(figure.value * scale, decimals)
    text += interval_text(figure, lambda it: number(it * scale, decimals), r"$\pm$ ")
    marks = [MARKS[figure.method]]
    marks += [SIMULATED] if figure.provenance == "simulated" else []
    marks += [INVALID] if not figure.valid else []
    shown = "".join(marks)
    return f"{text}\\textsuperscript{{{shown}}}" if shown else text


def escaped(text: str) -> str:
    """Text that LaTeX prints as it is."""
    return "".join(SPECIAL.get(sign, sign) for sign in neutral(text))
