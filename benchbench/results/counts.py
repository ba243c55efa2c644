"""What was counted of one model by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench.codec import plain
from benchbench.display.displayable import Displayable
from benchbench.metrics.measurement import Measurement  # noqa: TC001 - a field of what is stored
from benchbench.results.frames import layer_frame
from benchbench.results.schema import flat

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Counts"]


@dataclass(frozen=True, slots=True, repr=False)
class Counts(Displayable):
    """The counts of a model; they show themselves in a notebook and under `rich.print`.

    >>> import torch, benchbench
    >>> counts = benchbench.count(torch.nn.Linear(3, 2), (3,))
    >>> counts["macs_dense"].value, counts.data, counts.layers()["macs"].sum().item()
    (6, 'input 3', 6.0)

    Attributes:
        model: Reference of the model, or name of its class.
        data: Name of what it was counted on: data, a file, or ``input 1x48x48``.
        synthetic: Whether these are drawn faces.
        untrained: Whether its weights are those that it is built with, by seed 0.
        status: ``ok``, ``invalid``, ``error``, ``oom``, ``timeout`` or ``crash``.
        reason: Why it is not ok; empty where it is.
        measurements: Every figure.
        facts: What the model is made of: its kinds of neurons.
    """

    model: str
    data: str
    synthetic: bool
    untrained: bool
    status: str
    reason: str
    measurements: tuple[Measurement, ...]
    facts: dict[str, Any]

    @property
    def by_name(self) -> dict[str, Measurement]:
        """The figures by their names."""
        return {figure.name: figure for figure in self.measurements}

    def to_frame(self) -> pd.DataFrame:
        """One row a figure, as a pandas data frame; ``n/a`` is NaN, with the reason beside it."""
        import pandas as pd  # noqa: PLC0415 - 0.4 s that reports do not need

        head = {"model": self.model, "data": self.data, "synthetic_data": self.synthetic}
        return pd.DataFrame([{**head, **flat(figure)} for figure in self.measurements])

    def layers(self) -> pd.DataFrame:
        """One row a layer, as `benchbench.results.frames.layer_rows` has them.

        Raises:
            ResultError: The layers were not counted, and why.
        """
        return layer_frame(self.model, self.by_name)

    def __getitem__(self, name: str) -> Measurement:
        """The figure of this name.

        Raises:
            KeyError: There is none.
        """
        return self.by_name[name]

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary for JSON."""
        return plain(self)

    def _line(self) -> str:
        drawn = " (SYNTHETIC)" if self.synthetic else ""
        values = sum(figure.value is not None for figure in self.measurements)
        return (
            f"{self.model!a} on {self.data!a}{drawn}: {self.status}, "
            f"{values} of {len(self.measurements)} figures"
        )
