"""Every exception that benchbench raises on purpose.

    BenchbenchError
    ├── SuiteError           a suite file has faults; holds all of them        (exit 2)
    ├── ModelError           a model is not found, clashes or cannot be built  (exit 2)
    ├── DataError            a data file is not what it should be              (exit 2)
    ├── ResultError          a stored result cannot be read                    (exit 2)
    ├── CountError           two counters of operations disagree; names the layer
    ├── TrainingError        a training went wrong: NaN, no epoch finished
    ├── SideError            one side of a gate cannot be run; its figures are not comparable
    ├── RevisionError        a gate's base cannot be checked out               (exit 2)
    ├── MeterError           a sensor cannot be read; the reason goes into the report
    └── OutputError          a report or journal cannot be written             (exit 2)

Each message is one sentence that says what was expected, where, and what to do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = [
    "BenchbenchError",
    "CountError",
    "DataError",
    "Fault",
    "MeterError",
    "ModelError",
    "OutputError",
    "ResultError",
    "RevisionError",
    "SideError",
    "SuiteError",
    "TrainingError",
]


class BenchbenchError(Exception):
    """The root of the tree: catching it catches every expected failure.

    >>> import benchbench
    >>> try:
    ...     benchbench.load("nowhere")
    ... except benchbench.BenchbenchError as error:
    ...     print(type(error).__name__)
    ResultError
    """


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a suite file, or of settings that were given on the command line.

    >>> import benchbench
    >>> print(benchbench.Fault("my.yaml", 7, "models[0].id", "this key is required"))
    my.yaml:7: models[0].id: this key is required

    Attributes:
        file: The suite file as the user named it, or the option.
        line: Line number, from 1; 0 for an option.
        path: Where in the document, e.g. ``models[1].set.T``.
        message: What was expected, with a hint where there is one.
    """

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        """``file:line: path: message``, the form that editors can jump to."""
        place = f"{self.file}:{self.line}:" if self.line else self.file
        return f"{place} {self.path}: {self.message}"


class SuiteError(BenchbenchError):
    """A suite has one or more faults.

    >>> import benchbench
    >>> try:
    ...     benchbench.run(benchbench.Suite(models=["conv_sn"], data=5))
    ... except benchbench.SuiteError as error:
    ...     [fault.path for fault in error.faults]
    ['data', 'models[0].model']
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep every fault, in the order of the file."""
        self.faults = tuple(sorted(faults, key=lambda fault: fault.line))
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ModelError(BenchbenchError):
    """A model is unknown, registered twice, cannot be copied, or does not take its inputs.

    >>> import benchbench
    >>> try:
    ...     benchbench.train("conv_snn", set={"t": 4})
    ... except benchbench.ModelError as error:
    ...     print(str(error).partition(";")[0])
    conv_snn has no setting 't'
    """


class DataError(BenchbenchError):
    """A data file is broken; the message names the file and, where there is one, the row.

    >>> import benchbench
    >>> print(benchbench.DataError("faces.csv", "expected 2304 pixels, found 12", row=3))
    faces.csv:3: expected 2304 pixels, found 12
    """

    def __init__(self, file: str | Path, message: str, *, row: int | None = None) -> None:
        """Remember the place.

        Args:
            file: The data file or folder.
            message: What was expected and what was found.
            row: Line number in the file, from 1, the header being line 1.
        """
        self.file = str(file)
        self.row = row
        super().__init__(f"{self.file}{f':{row}' if row is not None else ''}: {message}")


class ResultError(BenchbenchError):
    """A stored result is missing, truncated or of another schema version.

    >>> import benchbench
    >>> benchbench.compare("reports/old", "reports/new")
    Traceback (most recent call last):
    benchbench.errors.ResultError: reports/old: there is no such file or folder
    """


class CountError(BenchbenchError):
    """Counters of operations disagree; the message names the layer and the figures.

    In a run it is a row of the report, with this reason, and no exception.

    >>> import benchbench
    >>> issubclass(benchbench.CountError, benchbench.BenchbenchError)
    True
    """


class TrainingError(BenchbenchError):
    """A training cannot go on or gave nothing; the message says what is kept.

    In a run it is a row of the report, with this reason, and no exception.

    >>> import benchbench
    >>> issubclass(benchbench.TrainingError, benchbench.BenchbenchError)
    True
    """


class SideError(BenchbenchError):
    """One side of a gate cannot be run; the message names the side and why.

    >>> import benchbench
    >>> benchbench.SideError("its pyproject.toml cannot be installed", "base").side
    'base'
    """

    def __init__(self, message: str, side: str) -> None:
        """Remember which side it is.

        Args:
            message: What happened.
            side: ``base`` or ``candidate``.
        """
        self.side = side
        super().__init__(message)


class RevisionError(BenchbenchError):
    """A gate's base is no commit here, or cannot be checked out; the message has git's reason.

    >>> import benchbench
    >>> issubclass(benchbench.RevisionError, benchbench.BenchbenchError)
    True
    """


class MeterError(BenchbenchError):
    """A sensor is missing, refuses, or was lost; the message is shown as the reason for `n/a`.

    >>> import benchbench
    >>> with benchbench.energy("voltmeter"):
    ...     pass
    Traceback (most recent call last):
    benchbench.errors.MeterError: meter 'voltmeter' is unknown: expected ...
    """


class OutputError(BenchbenchError):
    """A journal or report cannot be written (no permission, full disk).

    >>> import benchbench
    >>> benchbench.run("gate", out="/dev/null/reports", only="mobilenet_v1")
    Traceback (most recent call last):
    benchbench.errors.OutputError: /dev/null/reports/gate/...: cannot be written: Not a ...; ...
    """
