"""One model of a suite: what it is, what it is measured on, and how it is trained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt

from benchbench.backends import (  # noqa: TC001 - pydantic reads the annotations
    Backend,
    MemoryFormat,
    Precision,
)
from benchbench.data import DataSource  # as above
from benchbench.frameworks.told import Neurons
from benchbench.suite.training import Train  # noqa: TC001 - as above

if TYPE_CHECKING:
    # A file holds text alone; in Python a function or a torch.nn.Module may stand in its place,
    # until `benchbench.suite.built` has made a reference of it.
    from collections.abc import Callable, Mapping, Sequence

    ModelLike = str | Callable[..., Any]
else:
    ModelLike = str

__all__ = ["Loss", "Model", "ModelLike", "Objective"]

Objective = Literal["classification", "regression", "none"]
Loss = Literal["auto", "mse", "cross_entropy"]

_STRICT = {"extra": "forbid"}  # an unknown key is a fault, not a surprise


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a suite.

    >>> import benchbench
    >>> benchbench.Model("snn8", "conv_snn", label="SNN, T = 8", set={"T": 8}).title
    'SNN, T = 8'

    Attributes:
        id: Short name, unique in the suite.
        model: A name of the zoo, ``path/to/file.py:function``, ``package.module:function`` or
            ``path/to/graph.nir``, a NIR graph; in Python also a function that gives a
            ``torch.nn.Module``, or one itself.
        label: The header in tables; `id` where there is none.
        set: Settings for the model's function.
        matrix: Values by setting, e.g. ``{T: [1, 2, 4], batch_size: [1, 16]}``: one row for each
            combination, called ``<id>_T1_batch_size16``.
        batch_size: Samples per batch, in place of the settings'.
        backend: How it is executed, in place of the settings' ``backend``.
        precision: Its precision, in place of the settings'.
        memory_format: Its memory format, in place of the settings'.
        learning_rate: Its learning rate, in place of the settings'; in a matrix one row for each.
        data: Its own data, in place of the suite's; a source by itself, or a mapping of `source`,
            `set`, `time` and `classes`. ``input: 3x32x32`` stands for random numbers of that
            shape: enough to count and to time. ``ferplus`` stands for the suite's own images with
            the labels of FER+.
        output: Which part of the model's output is its answer: a key, an attribute or a place; by
            default ``logits``, or else the first tensor.
        task: What it is trained for: ``classification`` (labels), ``regression`` (numbers; mean
            squared error), or ``none``, which counts and runs it without targets: detectors,
            segmenters, control networks. ``auto`` goes by the targets of its data.
        train: How this model is trained, in place of the settings' ``train``.
        checkpoint: Weights to load instead of training, relative to the suite file.
        loss: ``auto`` takes the mean squared error on firing rates where there are spiking
            neurons (Eq. 9 of the paper) and cross-entropy elsewhere; of a regression, the mean
            squared error.
        spiking: Names of modules (``features.*.lif``) or of their classes (``My*``), with
            wildcards, that are spiking neurons; where nothing is given, neurons are found.
            ``[none]`` looks for none: a binarised network puts out 0 and 1 as neurons do.
        reset: Name of the model's own method that resets its state, called before each batch.
        steps: Time steps of one sample; they are found where none are given. A NIR graph has none:
            an input without a time axis is presented for so many.
        reconstructed: Why this is not surely the paper's model; shown beside every figure that is
            set against the paper's.
        note: One sentence for the report.
    """

    id: str
    model: ModelLike
    label: str = ""
    set: dict[str, Any] = field(default_factory=dict)
    matrix: dict[str, list[Any]] = field(default_factory=dict)
    batch_size: Annotated[int, Ge(1)] | None = None
    backend: Literal[Backend, "auto"] | None = None
    precision: Literal[Precision, "auto"] | None = None
    memory_format: Literal[MemoryFormat, "auto"] | None = None
    learning_rate: Annotated[float, Gt(0)] | None = None
    data: DataSource | None = None
    output: str = ""
    task: Literal["auto", "classification", "regression", "none"] = "auto"
    train: Train | None = None
    checkpoint: str | None = None
    loss: Loss = "auto"
    spiking: tuple[str, ...] = ()
    reset: str = ""
    steps: Annotated[int, Ge(1)] | None = None
    reconstructed: str = ""
    note: str = ""

    __pydantic_config__: ClassVar[Any] = _STRICT
    REMOVED: ClassVar[tuple[str, ...]] = ("labels",)  # of results of before; see `benchbench.codec`

    if TYPE_CHECKING:  # what Python may give; `__post_init__` makes one of it

        def __init__(  # noqa: D107, PLR0913, PLR0917 - the fields, in their order
            self,
            id: str,  # noqa: A002 - the key of the file
            model: ModelLike,
            label: str = "",
            set: Mapping[str, Any] = {},  # noqa: A002 - as above
            matrix: Mapping[str, Sequence[Any]] = {},
            batch_size: int | None = None,
            backend: Literal[Backend, "auto"] | None = None,
            precision: Literal[Precision, "auto"] | None = None,
            memory_format: Literal[MemoryFormat, "auto"] | None = None,
            learning_rate: float | None = None,
            data: DataSource | str | None = None,
            output: str = "",
            task: Literal["auto", "classification", "regression", "none"] = "auto",
            train: Train | None = None,
            checkpoint: str | None = None,
            loss: Loss = "auto",
            spiking: Sequence[str] = (),
            reset: str = "",
            steps: int | None = None,
            reconstructed: str = "",
            note: str = "",
        ) -> None: ...

    def __post_init__(self) -> None:
        """Make a source of data that stands by itself."""
        if isinstance(self.data, str):
            object.__setattr__(self, "data", DataSource(self.data))

    @property
    def neurons(self) -> Neurons:
        """What is told of its neurons."""
        return Neurons(tuple(self.spiking), self.reset, self.steps)

    @property
    def title(self) -> str:
        """The header in tables."""
        return self.label or self.id

    @property
    def reference(self) -> str:
        """The model as text.

        Raises:
            TypeError: It still is a function or a module of Python's.
        """
        if not isinstance(self.model, str):
            raise TypeError(f"{self.id}: the model is an object, of which no reference was made")
        return self.model
