"""MLflow: one run a model, in the tracking store that ``MLFLOW_TRACKING_URI`` names."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from benchbench.errors import BenchbenchError
from benchbench.report.banner import marks
from benchbench.report.exports.base import export, named, usable

if TYPE_CHECKING:
    from benchbench.results.schema import Results

__all__ = ["to_mlflow"]

MOST_LETTERS = 500  # of a parameter, by MLflow


@export("mlflow", "MLflow runs in the store of MLFLOW_TRACKING_URI (needs mlflow)")
def to_mlflow(results: Results) -> dict[str, str]:
    """Log every model: its figures as metrics, its settings and facts as parameters.

    Raises:
        BenchbenchError: MLflow is not installed.
    """
    try:
        mlflow: Any = importlib.import_module("mlflow")
    except ModuleNotFoundError as error:
        raise BenchbenchError("mlflow is missing: pip install mlflow") from error
    experiment = mlflow.set_experiment(named(results))
    found = list(usable(results))
    tags = {"benchbench": results.benchbench, "conditions": ", ".join(marks(results))}
    for cell in results.cells:
        settings = results.suite.settings_of(results.suite.model(cell.model))
        given = {"batch_size": settings.batch_size, "seed": settings.seed, "device": cell.device}
        facts = {f"fact {key}": str(value)[:MOST_LETTERS] for key, value in cell.facts.items()}
        name = f"{cell.model} {results.run['id']}"
        with mlflow.start_run(run_name=name, tags=tags):
            mlflow.log_params({**given, **{_plain(key): it for key, it in facts.items()}})
            mlflow.log_metrics(
                {
                    metric.name: float(figure.value or 0.0)
                    for of, metric, figure in found
                    if of is cell
                }
            )
    return {"": f"{len(results.cells)} run(s) in experiment {experiment.name}"}


def _plain(key: str) -> str:
    """A name that MLflow takes."""
    return "".join(sign if sign.isalnum() or sign in "_-. /" else "_" for sign in key)
