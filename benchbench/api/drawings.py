"""Drawing the figures of the paper."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from benchbench.api.comparisons import load
from benchbench.api.runs import carried_out
from benchbench.drawing.catalogue import FIGURES, SUBJECTS, numbered
from benchbench.drawing.gallery import (
    Captioned,
    entries_of,
    keep_pages,
    keep_picture,
    keep_private,
)
from benchbench.drawing.images import faces_of, first_of, said_of
from benchbench.drawing.learnt import Learnt, Lesson, learnt, stored, suite_of
from benchbench.errors import BenchbenchError
from benchbench.files import expanded
from benchbench.running.plan import RunRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from benchbench.data import FaceData
    from benchbench.drawing.canvas import Picture
    from benchbench.results.schema import Results

__all__ = ["Drawn", "draw_figures"]

DRAWN, OTHERS = "reports/figures", "reports/figures_of_photographs"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What came of drawing.

    Attributes:
        folder: Where the pictures and their pages are.
        figures: Those that were drawn now.
        missing: Why others were not, by number.
    """

    folder: Path
    figures: tuple[Captioned, ...]
    missing: dict[int, str]


@dataclass(slots=True)
class _Session:
    """What one call has asked for, and what it has trained so far.

    Attributes:
        faces: Faces that images are shown of.
        source: What they are found by.
        lesson: How is trained.
        device: Where.
        runs: Folder of all runs.
        run: A stored run to take trainings from; None for none.
        progress: Whether it is told what goes on.
        trained: Trainings by the name of their subject; the reason of one that failed.
    """

    faces: FaceData
    source: str
    lesson: Lesson
    device: str
    runs: Path
    run: Results | None
    progress: bool
    trained: dict[str, Learnt | str] = field(default_factory=dict)

    def learnt(self, name: str) -> Learnt:
        """The training of a subject: the stored run's, or our own."""
        found = self.run and stored(SUBJECTS[name], self.run)
        return found or self.own(name)

    def own(self, name: str) -> Learnt:
        """Our own training of a subject, once.

        Raises:
            BenchbenchError: It failed, now or before.
        """
        if name not in self.trained:
            try:
                self.trained[name] = self._train(name)
            except BenchbenchError as error:
                self.trained[name] = str(error)
        found = self.trained[name]
        if isinstance(found, str):
            raise BenchbenchError(found)
        return found

    def _train(self, name: str) -> Learnt:
        suite = suite_of(name, SUBJECTS[name], self.lesson)
        request = RunRequest(suite, device=self.device, data=self.source, out=self.runs)
        return learnt(SUBJECTS[name], carried_out(request, self.progress))


def draw_figures(  # noqa: PLR0913 - each is an option of the command line
    numbers: Sequence[int] = (),
    *,
    epochs: int = 8,
    images: int | None = 280,
    patience: int | None = None,
    seed: int = 0,
    run: str | Path | None = None,
    data: str | None = None,
    device: str = "auto",
    out: str | Path | None = None,
    runs: str | Path = "reports",
    progress: bool = False,
) -> Drawn:
    """Draw figures of the paper from our own runs, each as PNG and SVG, with a page of all.

    What was trained before is found again. A figure whose training fails is told, and the others
    are drawn.

    Args:
        numbers: Their numbers in the paper; all of them by default.
        epochs: Epochs of each training.
        images: Number of images to train on, and of each held-out split to look at; all where None.
        patience: Epochs without a better validation accuracy to stop at.
        seed: Seed of weights, order, spikes and drawn faces.
        run: A stored run whose curves and confusion matrices are taken where it has them.
        data: FER2013 as a file or a folder; drawn faces by default.
        device: Where is trained, as in `run`.
        out: Folder of the pictures.
        runs: Folder of all runs; the trainings are kept in ``<runs>/paper_figures/<run id>/``.
        progress: Whether standard error is told what goes on.

    Raises:
        BenchbenchError: There is no such figure, no such run or no such data, or the folder cannot
            be written.
    """
    asked = numbered(numbers)
    from_run = None if run is None else load(run)
    source = "synthetic_faces" if data is None else str(data)
    faces = faces_of(source, seed)
    folder = expanded(str(out or (DRAWN if faces.synthetic else OTHERS)))
    if not faces.synthetic and any(FIGURES[number].shows_images for number in asked):
        keep_private(folder)
    entries = entries_of(folder)
    keep_pages(folder, entries.values())  # what cannot be written is told before the trainings
    lesson = Lesson(epochs, images, patience, seed)
    session = _Session(
        faces, source, lesson, device, expanded(str(runs)), from_run, progress=progress
    )
    made: list[Captioned] = []
    missing: dict[int, str] = {}
    for number in asked:
        try:
            drawn, synthetic, of_run = _drawn(number, session)
        except BenchbenchError as error:
            missing[number] = str(error)
            continue
        command = _command(number, lesson, faces, from_run if of_run else None)
        entry = _captioned(number, drawn, command, synthetic=synthetic)
        keep_picture(folder, entry, drawn)
        entries[number] = entry
        keep_pages(folder, entries.values())
        made.append(entry)
    return Drawn(folder, tuple(made), missing)


def _captioned(number: int, drawn: Picture, command: str, *, synthetic: bool) -> Captioned:
    wanted = FIGURES[number]
    says, conditions = drawn.says, drawn.conditions
    return Captioned(
        number, wanted.title, wanted.paper, conditions, says, drawn.alt, command, synthetic
    )


def _drawn(number: int, session: _Session) -> tuple[Picture, bool, bool]:
    """A figure, whether it rests on drawn faces, and whether on the stored run."""
    wanted, faces = FIGURES[number], session.faces
    title = f"After Figure {number}: {wanted.title}"
    if wanted.subject and not wanted.shows_images:
        from benchbench.drawing import confusion, curves  # noqa: PLC0415 - half a second

        found = session.learnt(wanted.subject)
        draw: Callable[[Learnt, str], Picture] = (
            curves.draw if wanted.kind == "curves" else confusion.draw
        )
        synthetic = bool(found.results.data_of(found.cell)["synthetic"])
        return draw(found, title), synthetic, found.results is session.run
    return _of_images(number, session, title), faces.synthetic, False


def _of_images(number: int, session: _Session, title: str) -> Picture:
    """A figure that shows images of the data."""
    wanted, faces, seed = FIGURES[number], session.faces, session.lesson.seed
    said = said_of(faces.name, faces.source, seed, synthetic=faces.synthetic)
    if wanted.kind == "samples":
        from benchbench.drawing import samples  # noqa: PLC0415 - half a second

        return samples.draw(faces, title, (said,))
    if wanted.kind == "encoders":
        from benchbench.drawing import encoders  # noqa: PLC0415 - torch

        found = session.own(wanted.subject)
        model = encoders.trained_model(found)
        shown = first_of(faces, "PrivateTest", wanted.expression)
        spikes = encoders.cumulative(model, shown.values)
        return encoders.draw(spikes, shown, title, found.conditions)
    from benchbench.drawing import poisson  # noqa: PLC0415 - torch

    shown = first_of(faces, "Training", wanted.expression)
    draw = poisson.draw_steps if wanted.kind == "poisson" else poisson.draw_superposed
    return partial(draw, shown, seed)(title, (said,))


def _command(number: int, lesson: Lesson, faces: FaceData, run: Results | None) -> str:
    """What makes a figure again; no path of this machine is in it."""
    words = [f"benchbench figures {number}"]
    if run is not None:
        words.append(f"--from {run.suite.name}/{run.run['id']}")
    elif FIGURES[number].subject:
        words += [f"--epochs {lesson.epochs}", f"--images {lesson.images or 'all'}"]
        words += [f"--patience {lesson.patience}"] if lesson.patience else []
    words += [f"--seed {lesson.seed}"] if lesson.seed else []
    if not faces.synthetic and run is None:
        words.append("--data path/to/the/images")  # a name could be anything
    return " ".join(words)
