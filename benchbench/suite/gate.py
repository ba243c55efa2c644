"""When a gate says that a step has become slower, as a suite file says it. Frozen; runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from annotated_types import Ge, Gt, Le, Lt

from benchbench.suite.settings import MOST_REPEATS, MOST_S

__all__ = ["Gate"]

_STRICT = {"extra": "forbid"}


@dataclass(frozen=True, slots=True)
class Gate:
    """What a change must be to count, and how long it is looked for.

    Attributes:
        threshold_percent: Least change of a step's time that matters.
        thresholds_percent: The same for single figures, by name: ``infer_fps``, ``train_fps``,
            ``latency``.
        floor_us: Least change of a step's time that matters, microseconds: below it a clock and a
            Python loop have their own say.
        alarm_percent: Chance that a gate without any change fails, all its figures together.
        pairs: Most pairs of fresh processes: the budget.
        long_pairs: The same with ``--long``.
        turns: Windows a side, in each pair.
        window_s: About how long a window is, seconds.
        warmup_s: Length of each side's warm-up in each pair, seconds.
    """

    threshold_percent: Annotated[float, Gt(0)] = 2.0
    thresholds_percent: dict[str, Annotated[float, Gt(0)]] = field(default_factory=dict)
    floor_us: Annotated[float, Ge(0)] = 50.0
    alarm_percent: Annotated[float, Gt(0), Lt(50)] = 1.0
    pairs: Annotated[int, Ge(1), Le(MOST_REPEATS)] = 12
    long_pairs: Annotated[int, Ge(1), Le(MOST_REPEATS)] = 30
    turns: Annotated[int, Ge(1), Le(MOST_REPEATS)] = 12
    window_s: Annotated[float, Gt(0), Le(MOST_S)] = 0.1
    warmup_s: Annotated[float, Ge(0), Le(MOST_S)] = 0.3

    __pydantic_config__: ClassVar[Any] = _STRICT

    def threshold(self, figure: str) -> float:
        """Least change of a figure that matters, as a share."""
        return self.thresholds_percent.get(figure, self.threshold_percent) / 100
