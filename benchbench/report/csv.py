"""Every figure as one CSV line, with the paper's beside it."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from benchbench.comparing.paper import judge
from benchbench.display.text import neutral
from benchbench.report.formats import report_format
from benchbench.suite.units import shown_in

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["files", "render"]


FORMULA = ("=", "+", "-", "@", "\t")  # begins one in a spreadsheet


@report_format
def files(results: Results) -> dict[str, str]:
    """``results.csv``."""
    return {"results.csv": render(results)}


def render(results: Results) -> str:
    """The figures of a run as CSV text; the paper's are in the metric's SI unit."""
    paper, verdicts = {}, {}
    for table in results.suite.tables:
        for row in table.rows:
            scale, _ = shown_in(row)
            for model, value in row.paper.items():
                paper[model, row.metric] = value / scale
                verdicts[model, row.metric] = judge(row, table, results).word
    lines = []
    for line in results.rows():
        key = (line["model"], line["metric"])
        whole = {**line, "paper": paper.get(key), "verdict": verdicts.get(key)}
        lines.append({name: _cell(value) for name, value in whole.items()})
    out = io.StringIO()
    writer = csv.DictWriter(out, list(lines[0]) if lines else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    return out.getvalue()


def _cell(value: Any) -> Any:  # noqa: ANN401 - a figure or a text
    """A text that no spreadsheet takes for a formula; figures as they are."""
    if not isinstance(value, str):
        return value
    text = neutral(value)
    return f"'{text}" if text.startswith(FORMULA) else text
