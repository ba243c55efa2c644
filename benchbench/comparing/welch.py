"""Two stored results side by side: what is faster, slower, the same, or not comparable, and why.

The process is the sample: a figure's value in each fresh process is one observation, and the ratio
of two runs is that of their geometric means with Welch's interval on the logarithms (the runs were
not interleaved, so nothing can be paired). What is counted has no noise: it is equal or it is not.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from benchbench.metrics.registry import METRICS
from benchbench.metrics.statistics import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchbench.comparing.loading import Run
    from benchbench.metrics.measurement import Measurement
    from benchbench.suite.gate import Gate

__all__ = ["Comparison", "Line", "compare", "welch_ratio"]

Verdict = Literal["better", "worse", "same", "not comparable"]


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one model in both runs.

    Attributes:
        model: Its id, or the name of a benchmark.
        metric: Name of the figure.
        method: How it was got; empty where there is no figure.
        base: In the first run; None where it has none.
        new: In the second.
        value: New over base; None where one is missing.
        low: Lower end of its 95 % interval; None where there is none.
        high: Upper end.
        verdict: What it comes to, the metric's better direction considered.
        reason: Why it is not comparable, or the smallest change that would have been seen.
    """

    model: str
    metric: str
    method: str
    base: float | None
    new: float | None
    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was compared.

    Attributes:
        base: Where the first run is from.
        new: Where the second is from.
        gate: By how much a timed or metered figure must differ to matter.
        lines: One a figure.
        differences: Of the machines or the data; where there are any, nothing that depends on them
            is compared unless it was asked for.
        refused: Why figures that depend on the machine were not compared; empty where they were.
    """

    base: str
    new: str
    gate: Gate
    lines: tuple[Line, ...]
    differences: tuple[str, ...]
    refused: str = ""

    @property
    def comparable(self) -> list[Line]:
        """The lines that have a verdict."""
        return [line for line in self.lines if line.verdict != "not comparable"]

    @property
    def worse(self) -> list[Line]:
        """The regressions."""
        return [line for line in self.lines if line.verdict == "worse"]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return {"schema": 1, **asdict(self)}


def compare(base: Run, new: Run, gate: Gate, *, across_machines: bool) -> Comparison:
    """Set two runs against each other.

    Args:
        base: The older one.
        new: The newer one.
        gate: By how much a timed or metered figure must differ to matter.
        across_machines: Compare what depends on the machine even where the machines differ.
    """
    differences = tuple(
        f"{key}: {base.fingerprint.get(key)} : {new.fingerprint.get(key)}"
        for key in dict.fromkeys((*base.fingerprint, *new.fingerprint))
        if base.fingerprint.get(key) != new.fingerprint.get(key)
    )
    refused = ""
    if differences and not across_machines:
        refused = f"the machines differ ({differences[0]}): --across-machines compares all the same"
    lines = tuple(_lines(base, new, gate, refused))
    return Comparison(base.name, new.name, gate, lines, differences, refused)


def _lines(base: Run, new: Run, gate: Gate, refused: str) -> Iterator[Line]:
    for model in dict.fromkeys((*base.cells, *new.cells)):
        sides = base.cells.get(model), new.cells.get(model)
        if sides[0] is None or sides[1] is None:
            where = "the new run" if sides[0] is None else "the base"
            reason = f"only in {where}"
            yield Line(model, "", "", None, None, None, None, None, "not comparable", reason)
            continue
        for metric in dict.fromkeys((*sides[0], *sides[1])):
            pair = (sides[0].get(metric), sides[1].get(metric))
            line = _line(model, metric, *pair, gate.threshold(metric))
            if refused and _depends_on_machine(metric) and line.verdict != "not comparable":
                line = replace(
                    line, value=None, low=None, high=None, verdict="not comparable", reason=refused
                )
            yield line


def _line(
    model: str, metric: str, base: Measurement | None, new: Measurement | None, threshold: float
) -> Line:
    first = base or new
    head = (model, metric, first.method if first else "")
    values = (*head, base.value if base else None, new.value if new else None)
    why = _refusal(base, new)
    if why or base is None or new is None or base.value is None or new.value is None:
        return Line(*values, None, None, None, "not comparable", why)
    sign = 1 if _better(metric) == "higher" else -1
    ratio = new.value / base.value if base.value else None
    if base.method == "counted":
        return Line(*values, ratio, None, None, _counted(base, new, sign))
    if ratio is None or ratio <= 0:
        why = "a ratio needs two positive figures"
        return Line(*values, None, None, None, "not comparable", why)
    ratio, low, high = welch_ratio(_observations(base), _observations(new))
    if low is None or high is None:
        why = "one process a side gives no interval: run with repeats of two or more"
        return Line(*values, ratio, None, None, "not comparable", why)
    verdict: Verdict = "same"
    if (low > 1 or high < 1) and abs(ratio - 1) >= threshold:
        verdict = "better" if (ratio > 1) == (sign > 0) else "worse"
    seen = max(threshold, high / ratio - 1)
    reason = (
        f"a change below {100 * seen:.1f} % would not have been seen" if verdict == "same" else ""
    )
    return Line(*values, ratio, low, high, verdict, reason)


def _refusal(base: Measurement | None, new: Measurement | None) -> str:
    """Why two figures cannot be compared; empty where they can."""
    for side, name in ((base, "base"), (new, "new run")):
        if side is None:
            return f"the {name} does not have it"
        if side.value is None:
            return f"n/a in the {name}: {'; '.join(side.reasons)}"
        if not side.valid:
            return f"invalid in the {name}: {'; '.join(side.reasons)}"
    if base and new and base.provenance != new.provenance:
        return "one is simulated, the other is not"
    return ""


def _counted(base: Measurement, new: Measurement, sign: int) -> Verdict:
    """What is counted on the same weights and data has no noise."""
    if base.value is None or new.value is None or math.isclose(base.value, new.value):
        return "same"
    return "better" if (new.value > base.value) == (sign > 0) else "worse"


def _better(metric: str) -> str:
    return METRICS[metric].better if metric in METRICS else "lower"


def _depends_on_machine(metric: str) -> bool:
    """Whether a figure is not the model's alone, but of the machine or of the data as well."""
    return metric not in METRICS or METRICS[metric].probe not in {"size", "operations", "structure"}


def _observations(figure: Measurement) -> list[float]:
    """A figure's value in each process."""
    repeats: Sequence[Mapping[str, Any]] = figure.detail.get("repeats", [])
    found = [float(item["value"]) for item in repeats if item.get("value")]
    return found or [figure.value or 0.0]


def welch_ratio(
    base: Sequence[float], new: Sequence[float]
) -> tuple[float, float | None, float | None]:
    """Ratio of two independent groups of positive figures, new over base.

    Args:
        base: One a process.
        new: The same of the other run.

    Returns:
        Ratio of the geometric means, and the ends of Welch's 95 % interval (Welch 1947, degrees of
        freedom by Satterthwaite); None where a side has fewer than two.
    """
    logs = [[math.log(value) for value in side] for side in (base, new)]
    means = [math.fsum(side) / len(side) for side in logs]
    gap = means[1] - means[0]
    if min(len(side) for side in logs) < 2:
        return math.exp(gap), None, None
    from scipy.special import stdtrit  # noqa: PLC0415 - 0.2 s that only an interval needs

    parts = [
        math.fsum((value - mean) ** 2 for value in side) / (len(side) - 1) / len(side)
        for side, mean in zip(logs, means, strict=True)
    ]
    total = math.fsum(parts)
    if total == 0:
        return math.exp(gap), math.exp(gap), math.exp(gap)
    freedom = total**2 / math.fsum(
        part**2 / (len(side) - 1) for part, side in zip(parts, logs, strict=True)
    )
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(total)
    return math.exp(gap), math.exp(gap - half), math.exp(gap + half)
