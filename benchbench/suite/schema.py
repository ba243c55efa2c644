"""What a suite says: models, settings, the paper's figures and claims. Frozen; runs nothing.

These dataclasses are the file's schema too: `benchbench.suite.loader` validates a document against
them and writes their JSON Schema.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass, replace
from functools import cache, cached_property
from pathlib import PurePath
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    ClassVar,
    Literal,
    TypeVar,
    get_args,
    get_type_hints,
)

from annotated_types import Ge

from benchbench.data import DataSource
from benchbench.suite.cost import Cost
from benchbench.suite.forms import OF_THE_ROW
from benchbench.suite.gate import Gate
from benchbench.suite.model import Model, ModelLike
from benchbench.suite.quick import shortened
from benchbench.suite.settings import Settings
from benchbench.suite.tables import (  # noqa: TC001 - pydantic reads the annotations
    Chart,
    Claim,
    Distribution,
    Quoted,
    Table,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import DataclassInstance

__all__ = ["Model", "ModelLike", "Settings", "Suite", "changed", "nested"]

D = TypeVar("D", bound="DataclassInstance")

_STRICT = {"extra": "forbid"}  # an unknown key is a fault, not a surprise


@dataclass(frozen=True)  # `_by_id` is kept in it
class Suite:
    """A suite: what a file says, or what is built in Python with the same names.

    >>> import benchbench
    >>> suite = benchbench.Suite(models=["conv_snn", "cnn3"])
    >>> [model.id for model in suite.models]
    ['conv_snn', 'cnn3']

    In Python lists are as good as tuples, a model may stand by itself (a name, a function or a
    ``torch.nn.Module``; its id is then its name), and a mistake is told when the suite is run.

    Attributes:
        benchbench: Version of the format, 1.
        name: Short name; runs are kept in ``reports/<name>/``. A file must have both.
        title: One line.
        source: Where the paper's figures are from.
        paper_epochs: Number of epochs for which the paper trained for its accuracies; ours after
            fewer are not compared with them. Where None, that is not told, and they are.
        data: Data of every model that names none of its own: a source by itself, or a mapping of
            `source`, `set`, `time` and `classes`; ``input: 3x32x32`` as for a model.
        zoo: A folder of further models, relative to the suite file.
        settings: Settings of the full run.
        quick: Overrides of `settings` for ``--quick``; what it leaves out is short by default.
        publish: Overrides of `settings` for ``--publish``.
        gate: When ``benchbench gate`` and ``compare`` say that a figure is worse.
        models: What is measured; none where only the data is looked at.
        distribution: The paper's table of its data.
        tables: The paper's tables.
        figures: Curves over several models.
        claims: The claims audit.
        extensions: Files or modules of one's own with probes, meters, data sets, frameworks,
            formulas or report formats: ``path/to/file.py:name`` or ``package.module:name``.
        quoted: Published figures to show beside the run's: ``hardware``, ``claimed_gains``, or the
            path of a result of NeuroBench (``.json``).
        quotations: Figures that `quoted` stands for; of a file they are filled in.
        cost: Time and what else it needs, shown by ``benchbench list suites``.
    """

    benchbench: Literal[1] = 1
    name: str = "suite"
    models: tuple[Model, ...] = ()
    title: str = ""
    source: str = ""
    paper_epochs: Annotated[int, Ge(1)] | None = None
    data: DataSource = field(default_factory=DataSource)
    zoo: str | None = None
    settings: Settings = field(default_factory=Settings)
    quick: dict[str, Any] = field(default_factory=dict)
    publish: dict[str, Any] = field(default_factory=dict)
    gate: Gate = field(default_factory=Gate)
    distribution: Distribution | None = None
    tables: tuple[Table, ...] = ()
    figures: tuple[Chart, ...] = ()
    claims: tuple[Claim, ...] = ()
    extensions: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()
    quotations: tuple[Quoted, ...] = ()
    cost: Cost = field(default_factory=Cost)

    __pydantic_config__: ClassVar[Any] = _STRICT
    BEFORE: ClassVar[dict[str, Any]] = {"paper_epochs": 100}  # of results of before; see `codec`

    if TYPE_CHECKING:  # what Python may give; `__post_init__` makes tuples of it

        def __init__(  # noqa: D107, PLR0913, PLR0917 - the fields, in their order
            self,
            benchbench: Literal[1] = 1,
            name: str = "suite",
            models: Sequence[Model | ModelLike] = (),
            title: str = "",
            source: str = "",
            paper_epochs: int | None = None,
            data: DataSource | str = "synthetic_faces",
            zoo: str | None = None,
            settings: Settings = Settings(),  # noqa: B008 - frozen
            quick: Mapping[str, Any] = {},
            publish: Mapping[str, Any] = {},
            gate: Gate = Gate(),  # noqa: B008 - frozen
            distribution: Distribution | None = None,
            tables: Sequence[Table] = (),
            figures: Sequence[Chart] = (),
            claims: Sequence[Claim] = (),
            extensions: Sequence[str] = (),
            quoted: Sequence[str] = (),
            quotations: Sequence[Quoted] = (),
            cost: Cost = Cost(),  # noqa: B008 - frozen
        ) -> None: ...

    def __post_init__(self) -> None:
        """Make entries of models, and a source of data, that stand by themselves."""
        if isinstance(self.data, str):
            object.__setattr__(self, "data", DataSource(self.data))
        if not all(isinstance(model, Model) for model in self.models):
            taken = {model.id for model in self.models if isinstance(model, Model)}
            entries = []
            for model in self.models:
                entry = model if isinstance(model, Model) else Model(_id_of(model, taken), model)
                taken.add(entry.id)
                entries.append(entry)
            object.__setattr__(self, "models", tuple(entries))

    def with_mode(self, mode: Literal["full", "quick", "publish"]) -> Suite:
        """This suite with the settings of a mode, as every output then names it."""
        suite = shortened(self) if mode == "quick" else self
        return suite.with_settings({"full": {}, "quick": self.quick, "publish": self.publish}[mode])

    def with_settings(self, changes: Mapping[str, Any]) -> Suite:
        """This suite with other settings; those under ``train`` reach every model's training.

        Args:
            changes: Checked settings by name; of a nested one the keys that differ, as a mapping.
        """
        training = changes.get("train", {})
        models = tuple(
            replace(model, train=changed(model.train, training)) if model.train else model
            for model in self.models
        )
        return replace(self, settings=changed(self.settings, changes), models=models)

    def settings_of(self, model: Model) -> Settings:
        """The settings of one model: its own training in place of the suite's."""
        train = None if model.checkpoint else model.train or self.settings.train
        own = {name: getattr(model, name) for name in OF_THE_ROW}
        given = {name: value for name, value in own.items() if value is not None}
        return replace(self.settings, train=train, **given)

    def model(self, model_id: str) -> Model:
        """The model with this id.

        Raises:
            KeyError: There is none.
        """
        return self._by_id[model_id]

    @cached_property
    def _by_id(self) -> dict[str, Model]:
        return {model.id: model for model in self.models}


def _id_of(model: ModelLike, taken: set[str]) -> str:
    """The name of a model that has no id, with a number where another has that name."""
    name = model.rpartition(":")[2] if isinstance(model, str) else getattr(model, "__name__", "")
    name = PurePath(name).stem  # of a graph's file
    name = name or type(model).__name__
    name = name if name.isidentifier() else "model"
    others = (f"{name}_{number}" for number in itertools.count(2))
    return name if name not in taken else next(other for other in others if other not in taken)


def changed(value: D, changes: Mapping[str, Any]) -> D:
    """A dataclass with other values; a mapping changes the dataclass that a field holds.

    Args:
        value: A frozen dataclass.
        changes: Values by field name. Where a field holds no dataclass yet but may, a mapping
            makes one of its defaults.
    """
    kinds, new = nested(type(value)), dict[str, Any]()
    for name, given in changes.items():
        inside = getattr(value, name)
        if not isinstance(given, Mapping) or name not in kinds:
            new[name] = tuple(given) if isinstance(given, list) else given
        else:
            new[name] = changed(kinds[name]() if inside is None else inside, given)
    return replace(value, **new)


@cache
def nested(kind: type) -> dict[str, type]:
    """The dataclass that each field of a dataclass holds, alone, in a tuple or in a dictionary."""
    found: dict[str, type] = {}
    for name, hint in get_type_hints(kind).items():
        for inner in _every(hint):
            if is_dataclass(inner) and isinstance(inner, type):
                found[name] = inner
    return found


def _every(hint: Any) -> Iterator[Any]:  # noqa: ANN401 - an annotation
    yield hint
    for inner in get_args(hint):
        yield from _every(inner)
