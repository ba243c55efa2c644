"""The trainings behind figures: trained now, found among what was trained, or of a stored run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchbench.drawing.images import said_of
from benchbench.errors import TrainingError
from benchbench.running.taken import TAKEN
from benchbench.suite.schema import Model, Settings, Suite
from benchbench.suite.training import Stdp, Train

if TYPE_CHECKING:
    from benchbench.drawing.catalogue import Subject
    from benchbench.results.schema import CellResult, Results

__all__ = ["Learnt", "Lesson", "learnt", "stored", "suite_of"]

SUITE = "paper_figures"
PAPER_EPOCHS, PAPER = 100, "the paper: 100 epochs on 28,709 images"
COUNTED_ON = 16  # images that a run counts spikes on: none is in a figure
DEFAULTS = {"conv_snn": {"T": 4, "encoder": "none"}}  # what a suite may leave unsaid


@dataclass(frozen=True, slots=True)
class Lesson:
    """How long and on what is trained.

    Attributes:
        epochs: Most epochs.
        images: Number of images to train on, and of each held-out split to look at; None for all.
        patience: Epochs without a better validation accuracy to stop at; None for none.
        seed: Seed of weights, order and drawn faces.
    """

    epochs: int
    images: int | None
    patience: int | None
    seed: int


@dataclass(frozen=True, slots=True)
class Learnt:
    """A training that a figure is drawn from.

    Attributes:
        subject: What was trained.
        results: The run that it is in.
        cell: Its cell there.
    """

    subject: Subject
    results: Results
    cell: CellResult

    @property
    def curve(self) -> list[dict[str, Any]]:
        """A line an epoch: losses and accuracies."""
        found: list[dict[str, Any]] = self.cell.measurements["epochs"].detail["curve"]
        return found

    @property
    def conditions(self) -> tuple[str, ...]:
        """Which data it was trained on and for how long, sentence by sentence."""
        run, data = self.results.run["id"], self.results.data_of(self.cell)
        settings = self.results.suite.settings_of(self.results.suite.model(self.cell.model))
        # Our own runs are made anew by the command; the picture must not change with their number.
        suite = self.results.suite.name
        where = "" if suite == SUITE else f"; run {suite}/{run}"
        if taken := self.cell.facts.get(TAKEN):
            where = f"{where}; taken from {taken}"
        labels = " Eight classes, as in FER+." if self.subject.plus else ""
        seed = settings.seed
        about = said_of(data["name"], data["source"], seed, synthetic=data["synthetic"])
        there = sum(by.get("Training", 0) for by in data.get("distribution", {}).values())
        said = _extent(len(self.curve), str(self.cell.facts.get("training", "")), there)
        lines = [about + labels, f"{said}, seed {seed} ({PAPER}){where}."]
        if self.subject.reconstructed:
            lines.append(f"Reconstructed network: {self.subject.reconstructed}.")
        return tuple(lines)


def _extent(epochs: int, fact: str, there: int) -> str:
    """How long and on how much was trained, for people.

    Args:
        epochs: Number of epochs.
        fact: What the run says of its training; it begins with the number of samples.
        there: Number of all training images; 0 where that is not known.
    """
    number = fact.partition(" ")[0]
    used = int(number.replace(",", "")) if number.replace(",", "").isdigit() else 0
    of = f"all {there:,}" if used and used == there else f"{number or 'unknown'} of {there:,}"
    short = "Training" if epochs >= PAPER_EPOCHS and used == there else "A SHORT training"
    return f"{short}: {epochs} epoch{'s' * (epochs > 1)} on {of if there else number} images"


def suite_of(name: str, subject: Subject, lesson: Lesson) -> Suite:
    """A suite that trains one network and times nothing."""
    recipe = Train(
        epochs=lesson.epochs,
        patience=lesson.patience,
        images=lesson.images,
        test_images=lesson.images,
        stdp=Stdp() if subject.stdp else None,
    )
    entry = Model(
        name,
        subject.model,
        label=subject.label,
        set=subject.set,
        data="ferplus" if subject.plus else None,
        train=recipe,
        reconstructed=subject.reconstructed,
    )
    settings = Settings(seed=lesson.seed, repeats=0, images=COUNTED_ON)
    return Suite(
        name=SUITE,
        models=[entry],
        title=f"Training of {subject.label} for the paper's figures",
        source="Pu & Chen 2024, doi:10.20944/preprints202401.2165.v1",
        settings=settings,
    )


def learnt(subject: Subject, results: Results) -> Learnt:
    """The training that a run of `suite_of` came to.

    Raises:
        TrainingError: It did not end; the message has the reason.
    """
    (cell,) = results.cells
    if not _has_curve(cell):
        why = "; ".join(cell.reasons) or "it gave no curve"
        raise TrainingError(f"the training of {subject.label} did not end: {why}")
    return Learnt(subject, results, cell)


def stored(subject: Subject, results: Results) -> Learnt | None:
    """A stored run's training of the same network, labels and fine-tune; None where it has none."""
    for cell in results.cells:
        entry = results.suite.model(cell.model)
        recipe = results.suite.settings_of(entry).train
        if recipe is None or entry.model != subject.model or not _has_curve(cell):
            continue
        given = {**DEFAULTS.get(subject.model, {}), **entry.set}
        wanted = {**DEFAULTS.get(subject.model, {}), **subject.set}
        plus = "contempt" in cell.measurements["accuracy"].detail["classes"]
        same = plus == subject.plus and (recipe.stdp is not None) == subject.stdp
        if given == wanted and same and recipe.slim is None:
            return Learnt(subject, results, cell)
    return None


def _has_curve(cell: CellResult) -> bool:
    """Whether its training ended, with a curve and a confusion matrix."""
    epochs, accuracy = (cell.measurements.get(name) for name in ("epochs", "accuracy"))
    if epochs is None or accuracy is None:
        return False
    return bool(epochs.detail.get("curve")) and "confusion" in accuracy.detail
