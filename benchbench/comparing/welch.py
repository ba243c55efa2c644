"""Two stored results side by side: what is faster, slower, the same, or not comparable, and why.

The process is the sample: a figure's value in each fresh process is one observation, and the ratio
of two runs is that of their geometric means with Welch's interval on the logarithms (the runs were
not interleaved, so nothing can be paired). What is counted, or modelled from counts, has no noise:
it is equal or it is not; the accuracy of trained weights has, and is another only beyond the
interval of the difference.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from benchbench.codec import plain
from benchbench.comparing.accuracies import ends_of_difference
from benchbench.comparing.conditions import ALL_THE_SAME, differing
from benchbench.display.displayable import Displayable
from benchbench.metrics.ratio import NoRatio, Ratio, ratio, refusal
from benchbench.metrics.registry import METRICS
from benchbench.suite.gate import Gate  # noqa: TC001 - a field of what is stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from benchbench.comparing.loading import StoredRun
    from benchbench.metrics.measurement import Measurement

__all__ = ["Compared", "Comparison", "Incomparable", "compare"]

Change = Literal["better", "worse", "same"]
OTHER_NODE = f"the two are of different machines of a merged run: {ALL_THE_SAME}"


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of one model that both runs have.

    Attributes:
        model: Id of the model, or name of the benchmark.
        metric: Name of the figure.
        method: How it was got.
        base: Value in the first run.
        new: Value in the second.
        value: New over base; None where a count is 0 and has no ratio.
        low: Lower end of its 95 % interval; None for a count, which has no noise.
        high: Upper end.
        verdict: What it comes to, the metric's better direction considered.
        reason: The smallest change that would have been seen, or the interval of a difference that
            is within chance; empty where there is one beyond it.
    """

    model: str
    metric: str
    method: str
    base: float
    new: float
    value: float | None
    low: float | None
    high: float | None
    verdict: Change
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Incomparable:
    """One figure, or one model, that cannot be set against its counterpart.

    Attributes:
        model: Id of the model, or name of the benchmark.
        metric: Name of the figure; empty where the whole model is meant.
        method: How it was got; empty where there is no figure.
        base: Value in the first run; None where it has none.
        new: Value in the second.
        reason: Why it is not comparable.
    """

    model: str
    metric: str
    method: str
    base: float | None
    new: float | None
    reason: str


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Displayable):
    """Everything that was compared; it shows itself in a notebook and under `rich.print`.

    >>> from benchbench.comparing.loading import StoredRun
    >>> from benchbench.comparing.welch import compare
    >>> from benchbench.metrics.registry import measured
    >>> from benchbench.suite.gate import Gate
    >>> runs = [{"net": {"params": measured("params", number)}} for number in (100, 90)]
    >>> old, new = (StoredRun("", {}, cells) for cells in runs)
    >>> found = compare(old, new, Gate(), across_machines=False)
    >>> [(line.metric, line.verdict, line.value) for line in found.lines]
    [('params', 'better', 0.9)]

    Attributes:
        base: Where the first run is from.
        new: Where the second is from.
        gate: Limits beyond which a difference of a timed or metered figure matters.
        lines: One entry a figure.
        differences: Differences of the machines, and of a model's data and settings; where there
            are any, nothing that depends on them is compared unless it was asked for.
        refused: Why figures that depend on them were not compared; empty where all were.
        broken: What ended a model of the new run that ran in the base, a line each.
    """

    base: str
    new: str
    gate: Gate
    lines: tuple[Compared | Incomparable, ...]
    differences: tuple[str, ...]
    refused: str = ""
    broken: tuple[str, ...] = ()

    @property
    def comparable(self) -> list[Compared]:
        """The figures that have a verdict."""
        return [line for line in self.lines if isinstance(line, Compared)]

    @property
    def worse(self) -> list[Compared]:
        """The regressions."""
        return [line for line in self.comparable if line.verdict == "worse"]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON; every line has the same keys."""
        return {"schema": 1, **plain(self), "lines": self._rows()}

    def to_frame(self) -> pd.DataFrame:
        """One row a figure, as a pandas data frame.

        ``base`` and ``new`` are in the figure's unit, ``value`` is new : base with its 95 %
        interval ``low`` to ``high``; what there is not is NaN, and ``reason`` says why.
        """
        import pandas as pd  # noqa: PLC0415 - 0.4 s that a comparison does not need

        names = [item.name for item in fields(Compared)]
        frame = pd.DataFrame(self._rows(), columns=names)
        return frame.astype(dict.fromkeys(("base", "new", "value", "low", "high"), float))

    def _rows(self) -> list[dict[str, Any]]:
        nothing = {"value": None, "low": None, "high": None, "verdict": "not comparable"}
        return [
            plain(line) if isinstance(line, Compared) else {**plain(line), **nothing}
            for line in self.lines
        ]

    def _line(self) -> str:
        words = f"{len(self.worse)} worse of {len(self.comparable)} comparable"
        other = len(self.lines) - len(self.comparable)
        return f"{self.new!a} against {self.base!a}: {words}, {other} not comparable"


def compare(base: StoredRun, new: StoredRun, gate: Gate, *, across_machines: bool) -> Comparison:
    """Set two runs against each other.

    Args:
        base: The older one.
        new: The newer one.
        gate: Limits beyond which a difference of a timed or metered figure matters.
        across_machines: Compare what depends on the machine, the data and settings even where they
            differ.
    """
    differ = differing(base, new)
    why = {}
    if not across_machines:
        models = dict.fromkeys((*base.cells, *new.cells))
        why = {model: text for model in models if (text := differ.why(model))}
    lines = tuple(_lines(base, new, gate, why, across_machines=across_machines))
    broken = tuple(
        f"{model}: {text}"
        for model, text in new.failed.items()
        if base.cells.get(model) and model not in base.failed
    )
    refused = next(iter(why.values()), "")
    return Comparison(base.name, new.name, gate, lines, differ.told, refused, broken)


def _lines(
    base: StoredRun,
    new: StoredRun,
    gate: Gate,
    refused: Mapping[str, str],
    *,
    across_machines: bool,
) -> Iterator[Compared | Incomparable]:
    for model in dict.fromkeys((*base.cells, *new.cells)):
        sides = base.cells.get(model), new.cells.get(model)
        if sides[0] is None or sides[1] is None:
            where = "the new run" if sides[0] is None else "the base"
            yield Incomparable(model, "", "", None, None, f"only in {where}")
            continue
        for metric in dict.fromkeys((*sides[0], *sides[1])):
            pair = sides[0].get(metric), sides[1].get(metric)
            line = _line(model, metric, *pair, gate.threshold(metric))
            why = refused.get(model, "")
            if not across_machines and base.machine_of(pair[0]) != new.machine_of(pair[1]):
                why = why or OTHER_NODE
            if why and isinstance(line, Compared) and _rests_on_more(metric):
                line = Incomparable(model, metric, line.method, line.base, line.new, why)
            yield line


def _line(
    model: str, metric: str, base: Measurement | None, new: Measurement | None, threshold: float
) -> Compared | Incomparable:
    if base is not None and new is not None and _is_exact(base) and _is_exact(new):
        line = _counted(model, metric, base, new)
        if line is not None:
            return line
    first = base or new
    method = first.method if first else ""
    values = base.value if base else None, new.value if new else None
    match ratio(new, base, names=("the new run", "the base"), paired=False):
        case NoRatio(reason):
            return Incomparable(model, metric, method, *values, reason)
        case Ratio(_, None, _, _, why) | Ratio(_, _, None, _, why):
            return Incomparable(model, metric, method, *values, why or _no_interval(metric))
        case Ratio(value, low, high, _) if low is not None and high is not None:
            verdict, why = _timed(metric, value, (low, high), threshold)
    old, now = values[0] or 0.0, values[1] or 0.0  # both are positive: the ratio has seen to it
    return Compared(model, metric, method, old, now, value, low, high, verdict, why)


def _is_exact(figure: Measurement) -> bool:
    """Whether a figure has no noise: a count, or what a formula makes of the counts of one pass."""
    if figure.method != "modelled":
        return figure.method == "counted"
    declared = METRICS.get(figure.name)
    of_machine = declared is not None and declared.rests_on == "machine"
    return not of_machine and len(figure.rounds()) < 2


def _no_interval(metric: str) -> str:
    """Why a ratio of two runs has none."""
    if metric in METRICS and METRICS[metric].merge == "largest":
        return "a peak is the largest of all processes and has no interval: more repeats give none"
    return "one process a side gives no interval: run with repeats of two or more"


def _timed(
    metric: str, value: float, interval: tuple[float, float], threshold: float
) -> tuple[Change, str]:
    """The verdict on a ratio with its interval, and the smallest change that would be seen."""
    low, high = interval
    if (low > 1 or high < 1) and abs(value - 1) >= threshold:
        return ("better" if (value > 1) == _higher_is_better(metric) else "worse"), ""
    seen = max(threshold, high / value - 1)
    return "same", f"a change below {100 * seen:.1f} % would not have been seen"


def _counted(model: str, metric: str, base: Measurement, new: Measurement) -> Compared | None:
    """What is counted on the same weights and data has no noise: it is equal, or it is not.

    What a training ended with has: such a figure is only worse where the interval of the difference
    is apart from 0. A count may be 0, and then it has no ratio. None where a figure is missing or
    invalid.
    """
    old, now = base.value, new.value
    if old is None or now is None or not (base.valid and new.valid):
        return None
    if base.provenance != new.provenance:
        return None
    value = None if refusal(base, "the base") or refusal(new, "the new run") else now / old
    verdict: Change = "same"
    reason = _within_chance(new, base)
    if not math.isclose(old, now) and not reason:
        verdict = "better" if (now > old) == _higher_is_better(metric) else "worse"
    return Compared(model, metric, base.method, old, now, value, None, None, verdict, reason)


def _within_chance(new: Measurement, base: Measurement) -> str:
    """Why two different figures of trained weights are not told apart; empty where they are."""
    declared = METRICS.get(new.name)
    if new.value == base.value or declared is None or declared.beside_paper != "interval":
        return ""
    ends = ends_of_difference(new, base)
    if ends is None or not ends[0] <= 0 <= ends[1]:
        return ""
    return f"a difference of [{ends[0]:+.4g}, {ends[1]:+.4g}] is within chance"


def _higher_is_better(metric: str) -> bool:
    return metric in METRICS and METRICS[metric].better == "higher"


def _rests_on_more(metric: str) -> bool:
    """Whether a figure is not the model's alone, but of the machine or of the data as well."""
    return metric not in METRICS or METRICS[metric].rests_on != "model"
