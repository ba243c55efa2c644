"""The versioned result of a run: assembled from its journal, stored, and read again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from benchbench.codec import plain
from benchbench.display.displayable import Displayable
from benchbench.display.text import shown
from benchbench.errors import ResultError
from benchbench.metrics.measurement import Measurement  # noqa: TC001 - `codec` reads it too
from benchbench.metrics.place import spots
from benchbench.metrics.registry import METRICS
from benchbench.results.frames import layer_frame
from benchbench.results.journal import SCHEMA_VERSION
from benchbench.suite.schema import Suite  # noqa: TC001 - `codec` reads the annotations

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

__all__ = [
    "RESULTS",
    "TRACES",
    "CellResult",
    "ModelRatio",
    "Results",
    "check_schema",
    "flat",
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
        measurements: Figures by name.
        seconds: Time that its workers took.
        data: SHA-256 of the data that it was measured on; empty where that is the run's.
    """

    id: str
    model: str
    device: str
    status: str
    reasons: tuple[str, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    measurements: dict[str, Measurement] = field(default_factory=dict)
    seconds: float = 0.0
    data: str = ""


@dataclass(frozen=True, slots=True)
class ModelRatio:
    """The ratio of one metric between two models, paired by round where there are rounds.

    Attributes:
        metric: Name of the figure.
        of: Id of the model in the numerator.
        to: Id of the model in the denominator.
        value: The ratio; None where it was refused.
        low: Lower end of its 95 % interval; None where there is none.
        high: Upper end.
        n: Number of pairs.
        reason: Why it was refused, or what its interval could not hold; else empty.
    """

    metric: str
    of: str
    to: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    reason: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Results(Displayable):
    """A run; it shows itself in a notebook and under `rich.print` as its report does.

    >>> import tempfile, benchbench
    >>> settings = benchbench.Settings(repeats=0, images=4, train_steps=0)
    >>> suite = benchbench.Suite(models=["shallow_cnn"], settings=settings)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     results = benchbench.run(suite, out=folder, device="cpu")
    >>> results.failed, [cell.status for cell in results.cells]
    ([], ['ok'])

    Attributes:
        run: id, mode, started, finished, command, revision where there is one, complete.
        fingerprint: What the machine was found to be; of a merged run that of the place that its
            tables are about, and `run` has all of them under ``places``.
        data: What was measured on; under ``also`` what single models were measured on instead.
        suite: Suite with the settings of the mode that ran.
        cells: Cells in the suite's order; one that failed is here too.
        comparisons: Ratios that the suite's tables and claims ask for.
        benchbench: The version that wrote it.
        schema: Version of this file.
        folder: Folder that it is kept in; empty where that is not known. It is not stored.
    """

    run: dict[str, Any]
    fingerprint: dict[str, Any]
    data: dict[str, Any]
    suite: Suite
    cells: tuple[CellResult, ...]
    comparisons: tuple[ModelRatio, ...]
    benchbench: str
    schema: int = SCHEMA_VERSION
    folder: str = field(default="", compare=False)

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

    @property
    def all_data(self) -> list[dict[str, Any]]:
        """Everything that was measured on."""
        return [self.data, *self.data.get("also", [])]

    def data_of(self, cell: CellResult | None) -> dict[str, Any]:
        """What a cell was measured on."""
        wanted = cell.data if cell else ""
        if not wanted:
            return self.data
        return next((it for it in self.all_data if it["digest"] == wanted), self.data)

    def machine_of(self, figure: Measurement | None) -> dict[str, Any]:
        """The fingerprint of the machine that a figure is of: in a merged run each has its own."""
        digests = {machine for _, machine in spots(figure)} if figure else set()
        there = [it for it in self.run.get("places", ()) if it["machine"] in digests]
        return dict(there[0]["fingerprint"]) if there else self.fingerprint

    def figure(self, model_id: str, metric: str) -> Measurement | None:
        """A model's figure; None where its worker never got to it."""
        cell = self.cell(model_id)
        return cell.measurements.get(metric) if cell else None

    def comparison(self, metric: str, of: str, to: str) -> ModelRatio | None:
        """A ratio; None where one of its sides has no value."""
        wanted = (metric, of, to)
        return next((c for c in self.comparisons if (c.metric, c.of, c.to) == wanted), None)

    def rows(self) -> list[dict[str, Any]]:
        """One flat row a figure, for CSV and data frames; a failed cell has a row too."""
        out: list[dict[str, Any]] = []
        for cell in self.cells:
            data = self.data_of(cell)
            head = {
                "suite": self.suite.name,
                "run": self.run["id"],
                "mode": self.run["mode"],
                "data": data["name"],
                "synthetic_data": data["synthetic"],
                "model": cell.model,
                "label": self.suite.model(cell.model).title,
                "device": cell.device,
                "status": cell.status,
                "cell_reason": "; ".join(cell.reasons),
            }
            figures = [flat(figure) for figure in cell.measurements.values()]
            out += [{**head, **figure} for figure in figures or [flat(None)]]
        return out

    def to_frame(self) -> pd.DataFrame:
        """`rows` as a pandas data frame, for people's own analysis."""
        import pandas as pd  # noqa: PLC0415 - 0.4 s that reports do not need

        return pd.DataFrame(self.rows())

    def layers(self, model_id: str) -> pd.DataFrame:
        """One row a layer of a model, as `benchbench.results.frames.layer_rows` has them.

        Args:
            model_id: The model's id in the suite.

        Raises:
            ResultError: There is no such model, or its layers were not counted, and why.
        """
        cell = self.cell(model_id)
        if cell is None:
            there = ", ".join(cell.model for cell in self.cells) or "none"
            raise ResultError(f"no model {model_id!r} in this run; there are: {there}")
        if not cell.measurements:
            why = "; ".join(cell.reasons) or "it was not counted"
            raise ResultError(f"{model_id}: {cell.status}: {why}")
        return layer_frame(model_id, cell.measurements)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return {key: value for key, value in plain(self).items() if key != "folder"}

    def _line(self) -> str:
        states = [f"{cell.model!a} {cell.status}" for cell in self.cells]
        what = f"{self.suite.name!a} {self.run['mode']}, run {self.folder or self.run['id']!a}"
        return f"{what}: {', '.join(states) or 'no models'}"


def flat(figure: Measurement | None) -> dict[str, Any]:
    """The columns of one figure in a row of a data frame; all None where there is no figure."""
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
        "definition": metric.says,
    }


def check_schema(document: Mapping[str, Any], name: str) -> None:
    """Refuse a file of another version.

    Raises:
        ResultError: It is one.
    """
    version = document.get("schema")
    if version == SCHEMA_VERSION and not isinstance(version, bool):
        return
    newer = isinstance(version, int) and version > SCHEMA_VERSION
    why = "a newer benchbench wrote it: upgrade" if newer else "it is damaged, or of another tool"
    raise ResultError(
        f"{name}: schema version {shown(version)}; this benchbench reads version "
        f"{SCHEMA_VERSION}; {why}"
    )
