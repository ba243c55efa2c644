"""Every probe and every figure that there is, found by walking the room of the probes.

A probe is one file in `benchbench.probes` with a function under ``@probe``. It declares its figures
and takes what it needs by the names of its parameters. To add one, add that file: the worker runs
it, and lists, tables, files, merging and the reason of an ``n/a`` follow from what it declares.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, wraps
from typing import TYPE_CHECKING, Any, ParamSpec

from benchbench import extensions
from benchbench.errors import BenchbenchError
from benchbench.metrics.figure import PHASES, Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from benchbench.metrics.measurement import Measurement

__all__ = [
    "METRICS",
    "Answer",
    "Probe",
    "declare",
    "derived",
    "foreign_figures",
    "measured",
    "probe",
    "probes",
    "ready",
    "remember",
    "unavailable",
]

ROOM = "benchbench.probes"

P = ParamSpec("P")

_declared: dict[str, Probe] = {}
Derived = tuple["Probe", str, str, str]  # with kind, name and module of what it is made of
_derived: list[Callable[[], Iterable[Derived]]] = []  # of what probes are made, beside files
_remembered: dict[str, Figure] = {}  # of stored runs whose extension is not here


@dataclass(frozen=True, slots=True)
class Probe:
    """A question about a model.

    Attributes:
        name: Name of its file.
        gives: The figures that it declares.
        needs: Figures of other probes that it reads: it runs after them.
        takes: Names of what it must be handed.
        measure: The function; it may raise a `BenchbenchError` to refuse.
        changes_model: Whether it leaves other weights behind: it runs after all that do not.
        foreign: Whether it is from outside: whatever it raises then costs its own figures alone.
    """

    name: str
    gives: tuple[Figure, ...]
    needs: tuple[Figure, ...]
    takes: tuple[str, ...]
    measure: Callable[..., Iterable[Measurement]]
    changes_model: bool = False
    foreign: bool = False

    def take(self, given: Mapping[str, object]) -> Answer:
        """Ask the question; a refusal makes every declared figure that is not given yet ``n/a``.

        Args:
            given: Everything that there is, by name; more than the probe takes does no harm.
        """
        found: list[Measurement] = []
        try:
            found.extend(self.measure(**{name: given[name] for name in self.takes}))
        except BenchbenchError as error:
            why = f"{type(error).__name__}: {error}"
            text = "" if self.foreign else f"{self.name}: {why}"
            return Answer((*found, *self.refused(why, found)), text)
        except Exception as error:
            if not self.foreign:
                raise
            return Answer((*found, *self.refused(f"{self.name}: {extensions.why(error)}", found)))
        return Answer(tuple(found))

    def refusing(self, reason: str) -> Answer:
        """What it gives where it cannot even be asked."""
        return Answer(tuple(self.refused(reason)), f"{self.name}: {reason}")

    def refused(self, reason: str, but: Sequence[Measurement] = ()) -> list[Measurement]:
        """Every declared figure as ``n/a`` with the reason, except those that are there already."""
        there = {figure.name for figure in but}
        return [figure.missing(reason) for figure in self.gives if figure.name not in there]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a probe gave.

    Attributes:
        figures: The measurements, those that are ``n/a`` included.
        refusal: Why it refused, with its name; empty where it did not.
    """

    figures: tuple[Measurement, ...]
    refusal: str = ""


def probe(
    *, gives: Iterable[Figure], needs: Iterable[Figure] = (), changes_model: bool = False
) -> Callable[[Callable[P, Iterable[Measurement]]], Callable[P, list[Measurement]]]:
    """Declare a probe. The function may yield its figures; called by hand it gives a list of them.

    Args:
        gives: Figures that it declares.
        needs: Figures of other probes that it reads from ``figures``.
        changes_model: Whether it leaves other weights behind, as a training step does.

    Raises:
        ValueError: Another probe has declared one of these figures.
    """
    declared = tuple(gives)

    def register(
        function: Callable[P, Iterable[Measurement]],
    ) -> Callable[P, list[Measurement]]:
        foreign = extensions.origin(function.__module__) != "benchbench"
        name = function.__name__ if foreign else function.__module__.rpartition(".")[2]
        parameters = inspect.signature(function).parameters.values()
        takes = tuple(p.name for p in parameters if p.default is p.empty)
        declare(Probe(name, declared, tuple(needs), takes, function, changes_model, foreign))
        extensions.note("probe", name, function.__module__)

        @wraps(function)
        def measure(*args: P.args, **kwargs: P.kwargs) -> list[Measurement]:
            return list(function(*args, **kwargs))

        return measure

    return register


def declare(made: Probe) -> None:
    """Add a probe.

    Raises:
        ValueError: Another probe has its name, or has declared one of its figures.
    """
    if made.foreign:
        _walk()  # ours come first, so that a clash is the stranger's
        if (known := _declared.get(made.name)) is not None and not known.foreign:
            raise ValueError(f"there is a probe {made.name} already: give it another name")
    for other in _declared.values():
        twice = {figure.name for figure in other.gives} & {figure.name for figure in made.gives}
        if other.name != made.name and twice:
            raise ValueError(f"{made.name} declares {', '.join(twice)}, which {other.name} has")
    _declared[made.name] = made
    _sorted.cache_clear()


def derived(source: Callable[[], Iterable[Derived]]) -> Callable[[], Iterable[Derived]]:
    """Register a function that gives probes made of something else, such as formulas.

    Args:
        source: Gives each probe with the kind, name and module of what it is made of.
    """
    _derived.append(source)
    return source


def probes() -> Mapping[str, Probe]:
    """Every probe by name, in the order of the names; their files are read at the first call."""
    _walk()
    extensions.load_installed("probe")
    for source in _derived:
        for made, kind, name, module in source():
            if made.name in _declared:
                continue
            try:
                declare(made)
            except ValueError as error:  # it costs itself alone
                extensions.refuse(kind, name, module, error)
    return {name: _declared[name] for name in sorted(_declared)}


@cache
def _walk() -> None:
    room = importlib.import_module(ROOM)
    for found in pkgutil.iter_modules(room.__path__):
        if not found.ispkg:
            importlib.import_module(f"{ROOM}.{found.name}")


def foreign_figures() -> list[Figure]:
    """The figures that probes from outside declare: a run keeps these declarations."""
    return [figure for found in probes().values() if found.foreign for figure in found.gives]


def remember(figures: Iterable[Figure]) -> None:
    """Take over declarations of a stored run whose extension is not here, so that it can be shown.

    Args:
        figures: Declarations as the run has them; what is declared here counts before them.
    """
    new = {figure.name: figure for figure in figures if figure.name not in METRICS}
    if new:
        _remembered.update(new)
        _sorted.cache_clear()


def ready(given: Iterable[str], done: Iterable[str] = ()) -> list[Probe]:
    """The probes that can be asked with what there is, each after those whose figures it needs.

    Those that change the model come last.

    Args:
        given: Names of what there is.
        done: Names of the probes that were asked already.
    """
    names, out = {*given}, list[Probe]()
    left = [p for p in probes().values() if {*p.takes} <= names and p.name not in {*done}]
    # By place, so that what is cheap and most asked for comes first; but all figures that stand
    # beside each other are of the same weights.
    left.sort(key=lambda p: (p.changes_model, min((f.place for f in p.gives), default=0)))
    while left:
        waiting = {figure.name for p in left for figure in p.gives}
        free = [p for p in left if not {f.name for f in p.needs} & waiting] or left
        out.append(free[0])
        left.remove(free[0])
    return out


class _Metrics(Mapping[str, Figure]):
    """Every declared figure by name, in the order in which lists show them."""

    @property
    def _by_name(self) -> dict[str, Figure]:
        probes()  # what is not declared yet clears the order
        return _sorted()

    def __getitem__(self, name: str) -> Figure:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


@cache
def _sorted() -> dict[str, Figure]:
    figures = [figure for found in _declared.values() for figure in found.gives]
    there = {figure.name for figure in figures}
    figures += [figure for name, figure in _remembered.items() if name not in there]
    order = {phase: index for index, phase in enumerate(("", *PHASES))}
    figures.sort(key=lambda figure: (figure.place // 100, order[figure.phase], figure.place))
    return {figure.name: figure for figure in figures}


METRICS: Mapping[str, Figure] = _Metrics()
"""Every declared figure by name."""


def measured(name: str, value: float, **fields: Any) -> Measurement:  # noqa: ANN401 - of Measurement
    """The figure of this name with a value, as a file or a test names it."""
    return METRICS[name](value, **fields)


def unavailable(name: str, reason: str) -> Measurement:
    """The figure of this name as ``n/a``, with the reason."""
    return METRICS[name].missing(reason)
