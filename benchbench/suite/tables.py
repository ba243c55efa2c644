"""What a suite's report sets beside the paper: tables, figures, claims. Frozen; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le

__all__ = [
    "Axis",
    "Chart",
    "Claim",
    "Difference",
    "Distribution",
    "Measure",
    "Quoted",
    "Row",
    "Table",
]

_STRICT = {"extra": "forbid"}  # an unknown key is a fault, not a surprise
MOST_DECIMALS = 15  # that a float holds


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a paper's table.

    Attributes:
        metric: Name from ``benchbench list probes``.
        title: The paper's own header.
        paper: The paper's figures by model id, in `unit`.
        scale: Factor from the metric's SI unit to `unit`; it follows from a `unit` of the same kind
            (``mJ``, ``%``, ``1/GSynOp``) where None.
        unit: Unit in the table; the metric's own where empty.
        decimals: Decimals that ours are printed and, before comparing, rounded to, as the paper's
            are. Where None, ours have four significant digits, and are compared by the decimals of
            the paper's finest. The paper's have those that the file gives each of them.
        cited: Where the paper itself has a figure from, by model id.
        printed: What the paper prints beside the figure, by model id.
        tolerance_percent: How far ours may be off the paper's and still be a reproduction.
        inconsistent: What contradicts itself in the paper's figures of this row.
        note: One sentence for the report.
    """

    metric: str
    title: str = ""
    paper: dict[str, float] = field(default_factory=dict)
    scale: Annotated[float, Gt(0)] | None = None
    unit: str = ""
    cited: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    decimals: Annotated[int, Ge(0), Le(MOST_DECIMALS)] | None = None
    tolerance_percent: Annotated[float, Ge(0)] = 0.0
    inconsistent: str = ""
    note: str = ""

    __pydantic_config__: ClassVar[Any] = _STRICT

    @property
    def paper_decimals(self) -> int:
        """Decimals that ours is compared by: as it is said, else the most of the paper's figures.

        A file keeps no 0 at the end: 71 beside 215.3 may have been 71.0, and is compared as that.
        """
        if self.decimals is not None:
            return self.decimals
        return max(map(self.own_decimals, self.paper), default=0)

    def own_decimals(self, model: str) -> int:
        """Decimals that one of the paper's figures is shown with: those that the file gives it."""
        power = Decimal(repr(self.paper[model])).normalize().as_tuple().exponent
        return max(0, -power) if isinstance(power, int) else 0


@dataclass(frozen=True, slots=True)
class Table:
    """One table of the paper, set beside ours.

    Attributes:
        title: Its caption.
        rows: Its rows.
        ratio: Two model ids: every row also shows the first over the second.
        models: Which models it shows; all where empty.
        layout: ``metrics`` has a line a row of the paper and a column a model; ``models`` the
            other way round.
    """

    title: str
    rows: tuple[Row, ...]
    ratio: tuple[str, str] | None = None
    models: tuple[str, ...] = ()
    layout: Literal["metrics", "models"] = "metrics"

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Measure:
    """A ratio that this run measures: `metric` of model `of` over model `to`.

    Attributes:
        metric: Name from ``benchbench list probes``.
        of: Id of the model above the line.
        to: Id of the model below it.
    """

    metric: str
    of: str
    to: str

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference of two accuracies that the paper claims, held against its own error and ours.

    Attributes:
        of: Id of the one model.
        to: Id of the other.
        paper: The paper's two accuracies, percent.
        n: Number of images that they are of.
    """

    of: str
    to: str
    paper: tuple[Annotated[float, Ge(0), Le(100)], Annotated[float, Ge(0), Le(100)]]
    n: Annotated[int, Ge(1)]

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence of the paper, and what of it holds when recomputed from its own figures.

    Attributes:
        text: What the paper says.
        recomputed: What its own figures give.
        verdict: Verdict of the recomputation, before anything is measured.
        note: Why.
        measure: The ratio of this run that stands beside it.
        difference: The two accuracies that it compares.
    """

    text: str
    recomputed: str
    verdict: Literal[
        "reproduced",
        "rounded up",
        "wording wrong",
        "paper inconsistent",
        "ambiguous",
        "confounded",
        "holds in part",
    ]
    note: str = ""
    measure: Measure | None = None
    difference: Difference | None = None

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Quoted:
    """A figure that somebody published: shown as that, and compared with nothing.

    Attributes:
        system: Chip, board or method.
        what: What the figure is of.
        value: The figure in `unit`.
        unit: SI unit, ``1``, or ``x`` for a factor.
        boundary: What was inside: ``chip``, ``board``, ``all-in``, or ``not stated``.
        how: How it was got.
        source: Where it stands.
        date: When it was published.
        workload: What ran.
        second_hand: Whether it was not read in the original.
        note: What to know when reading it.
    """

    system: str
    what: str
    value: float
    unit: str
    boundary: Literal["chip", "board", "all-in", "not stated"]
    how: Literal["metered", "simulated", "modelled", "counted", "claimed"]
    source: str
    date: str = ""
    workload: str = ""
    second_hand: bool = False
    note: str = ""

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Distribution:
    """The paper's numbers of images by class, set beside the data's.

    Attributes:
        title: Its caption.
        paper: Number of images by class name.
    """

    title: str
    paper: dict[str, int]

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a figure.

    Attributes:
        metric: Name from ``benchbench list probes``.
        title: Beside the axis; the metric's own where empty.
        scale: Factor from the metric's SI unit to `unit`; it follows from `unit` where None.
        unit: Unit on the axis; the metric's own where empty.
        log: Whether it is logarithmic.
    """

    metric: str
    title: str = ""
    scale: Annotated[float, Gt(0)] | None = None
    unit: str = ""
    log: bool = False

    __pydantic_config__: ClassVar[Any] = _STRICT


@dataclass(frozen=True, slots=True)
class Chart:
    """A curve a family of models, all on the same axes.

    Attributes:
        title: Its caption.
        x: Across.
        y: Upwards; a figure with an interval has error bars.
        lines: The models of each curve, in the order in which they are joined, by its label.
        front: Whether the Pareto front is marked: the models that no other beats on one axis
            without being worse on the other. With accuracy on one axis the report begins with what
            the first line's models cost against each other line's, at accuracies that McNemar's
            test does not tell apart.
    """

    title: str
    x: Axis
    y: Axis
    lines: dict[str, tuple[str, ...]]
    front: bool = False

    __pydantic_config__: ClassVar[Any] = _STRICT
