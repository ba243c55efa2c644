"""Energy and efficiency benchmarks for spiking and conventional networks.

    import benchbench

    benchbench.count(model, batch)              what any torch.nn.Module costs, layer by layer
    benchbench.run("table3", quick=True)        a suite: a file, a bundled one, or one built here
    benchbench.train("conv_snn", epochs=100)    one model, its accuracy and its weights
    benchbench.load("reports/table3/...")       a stored run
    benchbench.compare(base, new)               two runs, what is better, worse or the same
    with benchbench.energy() as e: ...          joules of a block of one's own code

Importing this package imports neither torch nor any other heavy library: each name is imported
when it is first asked for. Nothing is printed; what goes wrong is a `BenchbenchError`.
"""

from __future__ import annotations

import sys

_starting = sys.argv[:1] == ["-m"] and sys.orig_argv[-len(sys.argv)] == "benchbench"
if _starting and not sys.flags.safe_path:
    # `python -m benchbench` has put the working folder first: a `random.py` there is the user's
    # own, and no module of Python's. It stays, last, for models that are named as Python does.
    sys.path.append(sys.path.pop(0))

import importlib
from typing import TYPE_CHECKING, Any

from benchbench.errors import (
    BenchbenchError,
    CountError,
    DataError,
    Fault,
    MeterError,
    ModelError,
    OutputError,
    ResultError,
    RevisionError,
    SideError,
    SuiteError,
    TrainingError,
)

if TYPE_CHECKING:
    from benchbench.api import compare, count, energy, load, run, train
    from benchbench.comparing.welch import Comparison
    from benchbench.metrics.measurement import Measurement
    from benchbench.results.counts import Counts
    from benchbench.results.schema import Results
    from benchbench.suite.schema import Model, Settings, Suite
    from benchbench.suite.training import Train
    from benchbench.zoo import register

__all__ = [
    "BenchbenchError",
    "Comparison",
    "CountError",
    "Counts",
    "DataError",
    "Fault",
    "Measurement",
    "MeterError",
    "Model",
    "ModelError",
    "OutputError",
    "ResultError",
    "Results",
    "RevisionError",
    "Settings",
    "SideError",
    "Suite",
    "SuiteError",
    "Train",
    "TrainingError",
    "__version__",
    "compare",
    "count",
    "energy",
    "load",
    "register",
    "run",
    "train",
]

__version__ = "0.1.0"

_LAZY = {
    **dict.fromkeys(("compare", "count", "energy", "load", "run", "train"), "api"),
    "Comparison": "comparing.welch",
    "Counts": "results.counts",
    "Measurement": "metrics.measurement",
    "Model": "suite.schema",
    "Results": "results.schema",
    "Settings": "suite.schema",
    "Suite": "suite.schema",
    "Train": "suite.training",
    "register": "zoo",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever stands under the name
    """Import a public name when it is first asked for (PEP 562)."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(importlib.import_module(f"{__name__}.{_LAZY[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Every public name, those that are not imported yet included."""
    return sorted({*globals(), *__all__})
