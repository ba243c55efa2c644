"""What `benchbench train` is told reaches the training: loss, label smoothing, classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from benchbench.api import trainings
from benchbench.cli.main import group

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.running.plan import RunRequest


class PlannedError(Exception):
    """Ends a call where its run would begin."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[RunRequest]:
    """Takes the request of each training, and trains nothing."""
    found: list[RunRequest] = []

    def planned(request: RunRequest, *_: Any) -> None:
        found.append(request)
        raise PlannedError

    monkeypatch.setattr(trainings, "carried_out", planned)
    return found


@pytest.mark.parametrize(
    ("words", "loss", "smoothing", "classes"),
    [
        ((), "auto", 0.1, None),
        (("--loss", "cross_entropy", "--label-smoothing", "0"), "cross_entropy", 0.0, None),
        (("--loss", "mse", "--classes", "11"), "mse", 0.1, 11),
    ],
)
def test_loss_smoothing_and_classes_are_those_of_the_command(
    asked: list[RunRequest],
    tmp_path: Path,
    words: tuple[str, ...],
    loss: str,
    smoothing: float,
    classes: int | None,
) -> None:
    """A spiking network need not be trained on its rates, and labels need not tell the classes."""
    told = CliRunner().invoke(group, ["train", "conv_snn", "--out", str(tmp_path), *words])
    assert isinstance(told.exception, PlannedError), told.output
    (request,) = asked
    (model,) = request.suite.models
    assert (model.loss, request.suite.settings.label_smoothing) == (loss, smoothing)
    assert request.suite.data.classes == classes
