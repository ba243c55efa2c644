"""The versioned result of a run: assembled from its journal, stored, and read again."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement
from benchbench.metrics.registry import METRICS
from benchbench.running import journal
from benchbench.running.cells import SCHEMA_VERSION
from benchbench.suite.gate import Gate
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.tables import Axis, Claim, Distribution, Figure, Ratio, Row, Table
from benchbench.suite.training import train_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

__all__ = [
    "RESULTS",
    "TRACES",
    "CellResult",
    "Comparison",
    "Results",
    "check_schema",
    "load",
    "suite_of",
]

RESULTS = "results.json"
TRACES = "traces"  # the folder of raw readings beside it


@dataclass(frozen=True, slots=True)
class CellResult:
    """What was found of one cell.

    Attributes:
        id: The cell's.
        model: The model's id in the suite.
        device: Where it ran.
        status: The worst of its jobs: ``ok``, ``pending`` (not run yet), ``invalid``, ``error``,
            ``oom``, ``timeout`` or ``crash``.
        reasons: Why, a line a job.
        facts: What really ran: step mode, neuron implementation, optimizer, threads.
        measurements: By metric name.
        seconds: Time that its workers took.
    """

    id: str
    model: str
    device: str
    status: str
    reasons: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    measurements: dict[str, Measurement] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Comparison:
    """The ratio of one metric between two models, paired by round where there are rounds."""

    metric: str
    of: str
    to: str
    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True, slots=True)
class Results:
    """A run.

    Attributes:
        run: id, mode, started, finished, command, complete.
        fingerprint: Of the machine.
        data: What was measured on.
        suite: With the settings of the mode that ran.
        cells: In the suite's order; one that failed is here too.
        comparisons: Ratios that the suite's tables and claims ask for.
        benchbench: The version that wrote it.
        schema: Of this file.
    """

    run: dict[str, Any]
    fingerprint: dict[str, Any]
    data: dict[str, Any]
    suite: Suite
    cells: tuple[CellResult, ...]
    comparisons: tuple[Comparison, ...]
    benchbench: str
    schema: int = SCHEMA_VERSION

    @property
    def failed(self) -> list[CellResult]:
        """The cells that have no full result."""
        return [cell for cell in self.cells if cell.status not in {"ok", "pending"}]

    @property
    def invalid(self) -> list[str]:
        """A line a figure that has a value which must not be compared, and a cell that failed.

        A figure without a value, for want of a sensor say, claims nothing and is not among them.
        """
        figures = [
            f"{cell.model}: {figure.name} is invalid: {'; '.join(figure.reasons)}"
            for cell in self.cells
            for figure in cell.measurements.values()
            if figure.value is not None and not figure.valid
        ]
        return figures + [
            f"{cell.model}: {cell.status}: {'; '.join(cell.reasons)}" for cell in self.failed
        ]

    def cell(self, model_id: str) -> CellResult | None:
        """The cell of a model; None where ``--only`` left it out."""
        return next((cell for cell in self.cells if cell.model == model_id), None)

    def figure(self, model_id: str, metric: str) -> Measurement | None:
        """A model's figure; None where its worker never got to it."""
        cell = self.cell(model_id)
        return cell.measurements.get(metric) if cell else None

    def comparison(self, metric: str, of: str, to: str) -> Comparison | None:
        """A ratio; None where one of its sides has no value."""
        wanted = (metric, of, to)
        return next((c for c in self.comparisons if (c.metric, c.of, c.to) == wanted), None)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a figure, for CSV and data frames; a failed cell has a row too."""
        out: list[dict[str, Any]] = []
        for cell in self.cells:
            head = {
                "suite": self.suite.name,
                "run": self.run["id"],
                "mode": self.run["mode"],
                "data": self.data["name"],
                "synthetic_data": self.data["synthetic"],
                "model": cell.model,
                "label": self.suite.model(cell.model).title,
                "device": cell.device,
                "status": cell.status,
                "cell_reason": "; ".join(cell.reasons),
            }
            figures = [_flat(figure) for figure in cell.measurements.values()]
            out += [{**head, **figure} for figure in figures or [_flat(None)]]
        return out

    def to_frame(self) -> pd.DataFrame:
        """`rows` as a pandas data frame, for people's own analysis."""
        import pandas as pd  # noqa: PLC0415 - 0.4 s that reports do not need

        return pd.DataFrame(self.rows())

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return asdict(self)


def _flat(figure: Measurement | None) -> dict[str, Any]:
    if figure is None:
        return dict.fromkeys(
            [
                "metric",
                "title",
                "value",
                "unit",
                "method",
                "low",
                "high",
                "n",
                "valid",
                "provenance",
                "reasons",
                "definition",
            ]
        )
    metric = METRICS[figure.name]
    return {
        "metric": figure.name,
        "title": metric.title,
        "value": figure.value,
        "unit": figure.unit,
        "method": figure.method,
        "low": figure.low,
        "high": figure.high,
        "n": figure.n,
        "valid": figure.valid,
        "provenance": figure.provenance,
        "reasons": "; ".join(figure.reasons),
        "definition": metric.definition,
    }


def load(place: Path) -> Results:
    """Read a run again: its folder, its ``results.json``, or only its journal.

    Raises:
        ResultError: It is missing, truncated or of another schema version.
    """
    file = place / RESULTS if place.is_dir() else place
    if place.is_dir() and not file.is_file():
        from benchbench.results.aggregate import assemble  # noqa: PLC0415 - only an unfinished run needs it

        return assemble(journal.read(place))
    try:
        document = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ResultError(f"{file}: cannot be read: {error}") from error
    if not isinstance(document, dict):
        raise ResultError(f"{file}: expected a result of benchbench, found something else")
    check_schema(document, str(file))
    try:
        return Results(
            **{
                **document,
                "suite": suite_of(document["suite"]),
                "cells": tuple(_stored_cell(cell) for cell in document["cells"]),
                "comparisons": tuple(Comparison(**item) for item in document["comparisons"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ResultError(f"{file}: not a result of benchbench: {error}") from error


def check_schema(document: Mapping[str, Any], name: str) -> None:
    """Refuse a file of another version.

    Raises:
        ResultError: It is one.
    """
    if document.get("schema") != SCHEMA_VERSION:
        raise ResultError(
            f"{name}: schema version {document.get('schema')!r}; this benchbench "
            f"reads version {SCHEMA_VERSION}"
        )


def _stored_cell(data: Mapping[str, Any]) -> CellResult:
    figures = {name: Measurement.from_json(item) for name, item in data["measurements"].items()}
    return CellResult(**{**data, "reasons": tuple(data["reasons"]), "measurements": figures})


def suite_of(data: Mapping[str, Any]) -> Suite:
    """The inverse of `dataclasses.asdict`, without the file boundary's validation."""
    return Suite(
        **{
            **data,
            "settings": Settings.from_json(data["settings"]),
            "models": tuple(
                Model(**{**item, "train": train_of(item.get("train"))}) for item in data["models"]
            ),
            "gate": Gate(**data.get("gate", {})),
            "distribution": Distribution(**found) if (found := data.get("distribution")) else None,
            "tables": tuple(_table(item) for item in data["tables"]),
            "figures": tuple(_figure(item) for item in data.get("figures", ())),
            "claims": tuple(_claim(item) for item in data["claims"]),
        }
    )


def _table(data: Mapping[str, Any]) -> Table:
    return Table(
        **{
            **data,
            "rows": tuple(Row(**row) for row in data["rows"]),
            "ratio": tuple(data["ratio"]) if data["ratio"] else None,
            "models": tuple(data.get("models", ())),
        }
    )


def _figure(data: Mapping[str, Any]) -> Figure:
    lines = {label: tuple(models) for label, models in data["lines"].items()}
    return Figure(data["title"], Axis(**data["x"]), Axis(**data["y"]), lines)


def _claim(data: Mapping[str, Any]) -> Claim:
    return Claim(**{**data, "measure": Ratio(**data["measure"]) if data["measure"] else None})
