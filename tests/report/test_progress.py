"""Progress: a line of figures a job, a time left that moves, and nothing drawn while measured."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import asdict
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from benchbench.data.reference import DataRef
from benchbench.metrics.registry import METRICS, measured, unavailable
from benchbench.report.outcome_line import FIGURES, QUIET, SHARES, outcome_line
from benchbench.report.progress import LineProgress, LiveProgress, is_measured, progress_on
from benchbench.report.time_left import TimeLeft, expected_s
from benchbench.running.cells import Cell, Job
from benchbench.running.launcher import Outcome
from benchbench.suite.schema import Model, Settings
from benchbench.suite.training import Train

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement

SOON_S = 20.0
CLEAR = "\x1b["
HOSTILE = "red\x1b[31m\nnew line\r\x9b2J"


class Clock:
    """A clock that goes on when it is told to."""

    now_s = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now_s


def cell(name: str = "conv_snn", source: str = "synthetic_faces", **settings: Any) -> Cell:
    """A cell that nobody runs."""
    data = DataRef(source, "0" * 64, 7, 0)
    return Cell(name, Model(name, name), Settings(**settings), "cpu", data, "")


def outcome(*figures: Measurement, seconds: float = 12.0, **fields: Any) -> Outcome:
    """What a worker sent."""
    fields = {"status": "ok", "reason": "", **fields}
    return Outcome(measurements=[asdict(it) for it in figures], seconds=seconds, **fields)


def line(task: Any, *figures: Measurement, **fields: Any) -> str:
    """The line of the third job of a task."""
    return outcome_line(Job(cell(), task, 2 if task == "time" else 0), outcome(*figures, **fields))


def test_a_finished_job_says_its_figures() -> None:
    """Counts have prefixes, shares are percent, and the repeat is named."""
    counts = (
        measured("params", 21_531_136),
        measured("macs_dense", 427_920_896),
        measured("activation_sparsity", 0.78484),
        measured("depth", 12),
    )
    assert line("count", *counts) == (
        "conv_snn counted: 21.53 M parameters, 427.9 M mult-adds, 78.48 % sparsity "
        "on synthetic_faces (12 s)"
    )
    speeds = measured("infer_fps", 89.8), measured("train_fps", 36.8)
    assert line("time", *speeds) == (
        "conv_snn timed (3 of 5): trains 36.8 fps, infers 89.8 fps (12 s)"
    )
    scores = measured("accuracy_public", 0.583), measured("accuracy", 0.614), measured("epochs", 27)
    assert line("train", *scores, seconds=2908.4) == (
        "conv_snn trained: 58.3 % validation, 61.4 % test, 27 epochs on synthetic_faces (48:28)"
    )
    assert "mse" not in line("train", measured("mse", 0.0123))
    assert "squared error 0.0123 test, 1 epoch on" in line(
        "train", measured("mse", 0.0123), measured("epochs", 1)
    )


def test_what_is_no_good_figure_says_so() -> None:
    """Invalid, simulated and missing are words; a sensor that is not there is no news."""
    said = line(
        "time",
        measured("train_fps", 36.8, valid=False, reasons=("clock changed",)),
        unavailable("infer_fps", "refused"),
        measured("train_energy", 0.0123, provenance="simulated"),
        unavailable("infer_energy", "no sensor"),
        status="invalid",
        reason="throughput: refused",
    )
    assert said == (
        "conv_snn timed (3 of 5): trains 36.8 fps (invalid), inference speed n/a, "
        "12.3 mJ a sample of training (simulated) (12 s): invalid, throughput: refused"
    )
    assert "mult-adds (dense) n/a" in line("count", unavailable("macs_dense", "no layer"))


@pytest.mark.parametrize("status", ["error", "oom", "timeout", "crash"])
def test_a_failed_job_says_why(status: Any) -> None:
    """Its reason stands where the figures would, even where some had come."""
    said = line("time", measured("train_fps", 36.8), status=status, reason="killed in phase 'x'")
    assert said == f"conv_snn not timed (3 of 5) (12 s): {status}, killed in phase 'x'"


def test_a_job_that_was_taken_from_elsewhere_has_no_figures_to_say() -> None:
    """Its outcome is empty, and the line is whole."""
    assert line("train", seconds=0.0) == "conv_snn trained (0 s)"


def test_every_figure_of_the_lines_is_declared() -> None:
    """A name that a probe no longer gives would never be said."""
    told = {name for of_task in FIGURES.values() for name in of_task}
    assert told <= {*METRICS}
    assert told >= SHARES | QUIET
    assert {METRICS[name].unit for name in SHARES} == {"1"}


def test_the_time_left_goes_down_inside_a_job_and_never_below_nothing() -> None:
    """Each second counts; what takes longer than the ones before says so."""
    clock = Clock()
    left, one = TimeLeft(clock), cell()
    jobs = [Job(one, "time", repeat) for repeat in range(3)]
    left.begin(jobs, [])
    guess = 3 * expected_s(jobs[0])
    assert left.now().seconds == pytest.approx(guess)
    clock.now_s += 5  # before its first phase, too
    assert left.now().seconds == pytest.approx(guess - 5)
    clock.now_s += 1000
    assert str(left.now()).endswith("; longer than expected")
    left.finished(jobs[0], outcome(seconds=30.0))
    assert left.now().seconds == pytest.approx(60.0)
    left.finished(jobs[1], outcome(seconds=50.0))
    left.phase(jobs[2], "train: window")
    assert str(left.now()) == "about 0:40 left"
    clock.now_s += 39
    assert str(left.now()) == "about 0:01 left"
    clock.now_s += 100
    assert left.now().seconds == 0.0
    assert str(left.now()) == "longer than the ones before"
    left.finished(jobs[2], outcome(seconds=139.0))
    assert (left.now().seconds, left.now().share, left.count) == (0.0, 1.0, 0)


def test_a_model_is_expected_to_take_what_it_took_and_another_what_its_task_took() -> None:
    """The same cell counts before the others; failures and what was taken say nothing."""
    clock, one, two = Clock(), cell("one"), cell("two")
    left = TimeLeft(clock)
    jobs = [Job(it, "time", repeat) for repeat in range(3) for it in (one, two)]
    left.begin(jobs, [])
    left.finished(jobs[0], outcome(seconds=10.0))
    assert left.now().seconds == pytest.approx(50.0)
    left.finished(jobs[1], outcome(seconds=1.0, status="crash", reason="died"))
    left.finished(jobs[2], outcome(seconds=0.0))
    left.finished(jobs[3], outcome(seconds=40.0))
    assert left.now().seconds == pytest.approx(10.0 + 40.0)


def test_jobs_of_an_interrupted_run_are_done_work() -> None:
    """The bar of a run that is taken up does not start at nothing."""
    left, one = TimeLeft(Clock()), cell()
    jobs = [Job(one, "time", repeat) for repeat in range(4)]
    left.begin(jobs, jobs[:3])
    assert left.now().share == pytest.approx(0.75)


def test_a_training_is_believed_what_it_says_of_its_end() -> None:
    """The real callback's sentence sets the time left, which goes on between two of them."""
    callback = pytest.importorskip("benchbench.training.epoch_callback")
    clock = Clock()
    left = TimeLeft(clock)
    job = Job(cell(train=Train(epochs=10)), "train", 0)
    left.begin([job], [])
    assert left.now().seconds == pytest.approx(606.0)
    hears = SimpleNamespace(phase=lambda name: left.phase(job, name))
    began = time.monotonic() - 600.0
    half = SimpleNamespace(_said_s=0.0, _epoch_began_s=began, _hears=hears, best=None, _goal=None)
    trainer = SimpleNamespace(num_training_batches=10, max_epochs=10, current_epoch=7)
    callback.EpochCallback.on_train_batch_end(half, trainer, None, None, None, 4)
    assert left.now().seconds == pytest.approx(20 * 60 * 2.5 + 30, abs=1)
    clock.now_s += 1000
    left.phase(job, "STDP fine-tune after epoch 8")
    assert left.now().seconds == pytest.approx(20 * 60 * 2.5 + 30 - 1000, abs=1)
    clock.now_s += 5000
    assert str(left.now()) == "longer than it said"


def test_one_of_several_trainings_speaks_for_itself_alone() -> None:
    """The first seed's last minute is not the last minute of three seeds."""
    left = TimeLeft(Clock())
    job = Job(cell(train=Train(epochs=10, seeds=3)), "train", 0)
    left.begin([job], [])
    left.phase(job, "train: epoch 10/10, 90 %, at most 1 min left")
    assert left.now().seconds == pytest.approx(3 * 600 + 6)


def test_piped_progress_is_one_plain_line_an_event() -> None:
    """No escape, no bar, nothing for a phase; a long line is left whole."""
    out = io.StringIO()
    jobs = [Job(cell(), "count", 0), Job(cell(), "time", 0)]
    with progress_on(Console(file=out, width=30)) as watcher:
        assert isinstance(watcher, LineProgress)
        watcher.begin(jobs, [])
        watcher.phase(jobs[0], "build")
        watcher.finished(jobs[0], outcome(measured("params", 2e6), measured("macs_dense", 3e9)))
        watcher.note(jobs[1], "something to say")
        watcher.finished(jobs[1], outcome(measured("train_fps", 10.0)))
    first, *rest = out.getvalue().splitlines()
    assert first.startswith("2 jobs, about ")
    assert rest == [
        "[1/2] conv_snn counted: 2 M parameters, 3 G mult-adds on synthetic_faces (12 s)",
        "    conv_snn: something to say",
        "[2/2] conv_snn timed (1 of 5): trains 10 fps (12 s)",
    ]


def live(out: io.StringIO, **how: Any) -> LiveProgress:
    """Progress on a terminal of 80 columns."""
    return LiveProgress(Console(file=out, width=80, force_terminal=True, color_system=None), **how)


def test_a_terminal_shows_bar_phase_and_time_left() -> None:
    """A line for the run, one for what it does: they fit into 80 columns, and go at the end."""
    out, clock = io.StringIO(), Clock()
    jobs = [Job(cell(), "time", repeat) for repeat in range(1000)]
    watcher = live(out, left=TimeLeft(clock))
    watcher.begin(jobs, jobs[:499])
    watcher.finished(jobs[499], outcome(seconds=144.0))
    watcher.phase(jobs[500], "train: warm-up")
    clock.now_s += 1000
    watcher.phase(jobs[500], "train: window")
    watcher.close()
    bar = "[######------] 500/1000 jobs, about 19:57:36 left; longer than the ones before"
    assert bar in out.getvalue()
    assert len(bar) <= 80
    assert "conv_snn  timing 501 of 5: train: window" in out.getvalue()
    assert out.getvalue().endswith(f"{CLEAR}1A{CLEAR}2K")
    assert not any(it.is_alive() and it.name.endswith("(_tick)") for it in threading.enumerate())


def test_the_bar_is_full_when_the_last_job_has_ended_and_not_before() -> None:
    """A last job that takes longer than expected leaves a place."""
    out, clock, job = io.StringIO(), Clock(), Job(cell(), "count", 0)
    watcher = live(out, left=TimeLeft(clock))
    watcher.begin([job], [])
    clock.now_s += 10_000
    watcher.phase(job, "count spikes")
    assert "[###########-] 0/1 jobs, longer than expected" in out.getvalue()
    assert "#" * 12 not in out.getvalue()
    watcher.finished(job, outcome())
    watcher.close()
    assert "[############] 1/1 jobs" in out.getvalue()


def test_nothing_is_drawn_while_something_is_measured() -> None:
    """In a warm-up the time left moves by itself; from the word of a window on nothing does."""
    out, job = io.StringIO(), Job(cell(), "time", 0)
    watcher = live(out, tick_s=0.002)
    watcher.begin([job], [])
    try:
        for name in ("train: window", "idle baseline", "train: window"):
            watcher.phase(job, "train: warm-up")
            before, end = out.tell(), time.monotonic() + SOON_S
            while out.tell() == before and time.monotonic() < end:
                time.sleep(0.002)
            assert out.tell() > before
            watcher.phase(job, name)
            before = out.tell()
            time.sleep(0.1)
            assert out.tell() == before
        watcher.finished(job, outcome())
        before = out.tell()
        time.sleep(0.1)
        assert out.tell() == before  # what comes after the last job may be measured
    finally:
        watcher.close()


@pytest.mark.parametrize(
    ("task", "phase", "measured_there"),
    [
        ("time", "build", False),
        ("time", "train: warm-up", False),
        ("time", "train: first step", True),
        ("time", "infer: window", True),
        ("time", "latency: window", True),
        ("time", "idle baseline", True),
        ("time", "a phase of next year", True),
        ("train", "train: which of 3 ways is the quickest?", True),
        ("train", "train: epoch 1/2, 3 %, at most 4 min left", False),
        ("count", "count synops", False),
    ],
)
def test_a_phase_is_measured_unless_it_is_known_not_to_be(
    task: Any, phase: str, *, measured_there: bool
) -> None:
    """Of a timed job only building and warming up are not."""
    assert is_measured(Job(cell(), task, 0), phase) is measured_there


@pytest.mark.parametrize("on_terminal", [True, False])
def test_hostile_text_steers_no_terminal(*, on_terminal: bool) -> None:
    """Names, phases, reasons and notes come out as text, of a line each."""
    out = io.StringIO()
    of_tests = cell(f"m{HOSTILE}", f"/data/{HOSTILE}")
    job = Job(of_tests, "count", 0)
    watcher = live(out) if on_terminal else LineProgress(Console(file=out, width=80))
    watcher.begin([job], [])
    watcher.phase(job, HOSTILE * 100)
    watcher.finished(job, outcome(measured("params", 1.0)))
    watcher.finished(job, outcome(status="crash", reason=HOSTILE))
    watcher.note(job, HOSTILE)
    if isinstance(watcher, LiveProgress):
        watcher.close()
    text = out.getvalue()
    assert f"{CLEAR}31m" not in text
    assert "\x9b" not in text
    harmless = r"red\x1b[31m new line \x9b2J"
    assert f"    m{harmless}: {harmless}\n" in text
    assert f"m{harmless} not counted (12 s): crash, {harmless}\n" in text
