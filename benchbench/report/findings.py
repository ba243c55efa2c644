"""What two models' figures come to, one figure at a time: a ratio or a difference in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from benchbench.comparing.accuracies import LEVEL, accuracy_difference
from benchbench.metrics.ratio import NoRatio
from benchbench.metrics.registry import METRICS
from benchbench.report.best import intervals_apart
from benchbench.results.other_data import model_ratio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchbench.results.schema import Results

__all__ = ["RATIOS", "HeadlineFinding", "Outlook", "accuracy_finding", "digits", "ratio_finding"]

Outlook = Literal["better", "worse", "equal", "not resolved", "no interval", "not measured"]

# What is said of a ratio, and of a figure that is not there.
RATIOS = {
    "train_fps": ("trains {} as fast", "training speed"),
    "infer_fps": ("infers {} as fast", "inference speed"),
    "train_energy": ("needs {} the energy of a training step", "energy of training"),
    "infer_energy": ("needs {} the energy of an inference", "energy of inference"),
    "latency": ("takes {} the latency at batch 1", "latency at batch 1"),
    "macs_dense": ("does {} the dense mult-adds", "mult-adds"),
    "macs_effective": ("does {} the mult-adds on non-zero inputs", "mult-adds on non-zero inputs"),
    "params": ("has {} the parameters", "parameters"),
}


@dataclass(frozen=True, slots=True)
class HeadlineFinding:
    """One figure of a comparison.

    Attributes:
        metric: Name of the figure.
        text: The ratio or the difference in words, with its interval; or what is not there.
        outlook: Whether it speaks for the first model, and whether that is sure.
        reason: Why there is none, or why it is not sure; else empty.
        value: The ratio; None where there is none, and of accuracies, which have a difference.
        low: Lower end of its 95 % interval.
        high: Upper end.
    """

    metric: str
    text: str
    outlook: Outlook
    reason: str = ""
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def sentence(self) -> str:
        """The text, with how sure it is where it is not, and why where there is nothing."""
        if self.outlook == "not measured" and self.reason:
            return f"{self.text} ({self.reason})"
        unsure = self.outlook == "not resolved" or (self.outlook == "no interval" and self.value)
        return f"{self.text} ({self.outlook})" if unsure else self.text


def ratio_finding(results: Results, metric: str, of: str, to: str) -> HeadlineFinding | None:
    """One figure of two models; None where neither was asked for it."""
    over, under = (results.figure(model, metric) for model in (of, to))
    if over is None and under is None:
        return None
    says, title = RATIOS[metric]
    names = results.suite.model(of).title, results.suite.model(to).title
    sides = [cell for model in (of, to) if (cell := results.cell(model))]
    match model_ratio(metric, sides[0], sides[1], names):
        case NoRatio(reason):
            return HeadlineFinding(metric, f"{title}: n/a", "not measured", reason)
        case found:
            near = bool(over and under and not intervals_apart(over, under))
            outlook = _outlook(metric, found.value, found.low, found.high, near=near)
            text = says.format(_times(found.value, found.low, found.high))
            if outlook == "equal":
                text = f"equal {title}"
            if over and over.provenance == "simulated":
                text += " (simulated)"
            return HeadlineFinding(
                metric, text, outlook, found.reason, found.value, found.low, found.high
            )


def _times(value: float, low: float | None, high: float | None) -> str:
    """``1.57 x [1.38, 1.80]``."""
    ends = "" if low is None or high is None else f" [{digits(low)}, {digits(high)}]"
    return f"{digits(value)} x{ends}"


def digits(value: float) -> str:
    """Three significant digits, zeros at the end too; thousands in full."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:#.3g}".rstrip(".")


def _outlook(
    metric: str, value: float, low: float | None, high: float | None, *, near: bool
) -> Outlook:
    """Whether a ratio speaks for the first; one of counts has no interval, but its sides may."""
    declared = METRICS[metric]
    if low is None or high is None:
        if declared.rests_on == "machine":
            return "no interval"
        if near and value != 1:
            return "not resolved"
        low = high = value
    if low == value == high == 1:
        return "equal"
    if low <= 1 <= high:
        return "not resolved"
    return "better" if (value > 1) == (declared.better == "higher") else "worse"


def accuracy_finding(results: Results, of: str, to: str) -> Iterator[HeadlineFinding]:
    """The difference of two accuracies, or why there is none; nothing where one was not taken."""
    found = accuracy_difference(results, of, to)
    if found is None:
        return
    if found.value is None:
        yield HeadlineFinding("accuracy", "accuracy: not comparable", "not measured", found.reason)
        return
    value, low, high = (100 * it for it in (found.value, found.low, found.high))
    text = f"accuracy {value:+.2f} points [{low:+.2f}, {high:+.2f}]"
    sure: Outlook = "better" if value > 0 else "worse"
    yield HeadlineFinding("accuracy", text, sure if found.chance < LEVEL else "not resolved")
