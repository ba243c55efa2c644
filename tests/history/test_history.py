"""A figure over stored runs: order, verdicts, breaks, and what cannot be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fixtures_history import FAST, SLOW, gated, kept, parsed, run, timed

from benchbench import api
from benchbench.comparing.welch import Compared
from benchbench.errors import ResultError
from benchbench.gate.outcome import GATE
from benchbench.metrics.registry import measured, unavailable
from benchbench.report.history_html import document
from benchbench.report.history_text import text_of
from benchbench.results import stored
from benchbench.suite.schema import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from benchbench.metrics.measurement import Measurement


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (timed(SLOW), timed(FAST)),
        (timed(FAST), timed(SLOW)),
        (timed(SLOW), timed(SLOW)),
        (timed(SLOW), timed([80.0])),
        (timed(SLOW), timed(FAST, provenance="simulated")),
        (timed(SLOW, valid=False, reasons=("bad",)), timed(FAST)),
        (unavailable("infer_fps", "no"), timed(FAST)),
        (timed(SLOW), None),
        (measured("params", 100), measured("params", 120)),
        (measured("params", 100), measured("params", 100)),
    ],
)
def test_a_verdict_is_that_of_compare(
    tmp_path: Path, old: Measurement, new: Measurement | None
) -> None:
    """Word, ratio, interval and reason, on the same two runs."""
    runs = run(1, old), run(2, new)
    (trail,) = api.history(old.name, [kept(tmp_path, *runs)]).trails
    (line,) = api.compare(*runs).lines
    found = trail.points[1].verdict
    assert trail.points[0].verdict.word == "first"
    if isinstance(line, Compared):
        numbers = line.value, line.low, line.high
        assert (found.word, found.value, found.low, found.high) == (line.verdict, *numbers)
        assert found.reason == line.reason
    else:
        assert (found.word, found.value, found.reason) == ("not comparable", None, line.reason)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"fingerprint": {"cores": 4}}, "machine: cores: 2 : 4"),
        ({"fingerprint": {"torch": "3"}}, "machine: torch: None : '3'"),
        ({"data": {"digest": "e" * 64}}, "data: 'dddddddddddd' : 'eeeeeeeeeeee'"),
        ({"run": {"mode": "quick"}}, "mode: 'full' : 'quick'"),
        ({"settings": Settings(batch_size=3)}, "setting batch_size: 16 : 3"),
        ({"settings": Settings(precision="bf16")}, "setting precision: 'auto' : 'bf16'"),
        ({"cell": {"device": "cuda:0"}}, "device: 'cpu' : 'cuda:0'"),
        ({"cell": {"facts": {"backend": "fused"}}}, "ran with backend: None : 'fused'"),
    ],
)
def test_what_is_not_the_same_thing_is_a_break(
    tmp_path: Path, changes: dict[str, Any], why: str
) -> None:
    """No verdict, no ratio, and the reason; also of a count, which `compare` would set beside."""
    for name, figures in (("infer_fps", (timed(SLOW), timed(FAST))), ("params", (None, None))):
        made = [it or measured(name, 5) for it in figures]
        place = kept(tmp_path / name, run(1, made[0]), run(2, made[1], **changes))
        found = api.history(name, [place]).trails[0].points[1].verdict
        assert (found.word, found.value, found.reason) == ("break", None, why)


def test_only_its_label_and_its_code_may_change(tmp_path: Path) -> None:
    """A run of another revision, under another label, is compared."""
    place = kept(tmp_path, run(1, timed(SLOW)), run(2, timed(FAST), label="Net!", cell={"id": "d"}))
    (trail,) = api.history("infer_fps", [place]).trails
    assert (trail.label, trail.points[1].verdict.word) == ("Net!", "better")


def test_a_slow_drift_shows_since_the_last_break(tmp_path: Path) -> None:
    """Each step is the same by itself, the last is worse than the first; a break starts anew."""
    sizes = [[1000 * 0.985**day + it for it in (0, 0.1, 0.2)] for day in range(4)]
    runs = [run(day + 2, timed(values)) for day, values in enumerate(sizes)]
    other = run(1, timed(SLOW), fingerprint={"cpu": "old"})
    (trail,) = api.history("infer_fps", [kept(tmp_path, other, *runs)]).trails
    words = [point.verdict.word for point in trail.points]
    assert words == ["first", "break", "same", "same", "same"]
    assert trail.since is not None
    assert (trail.since.word, trail.since_run) == ("worse", runs[0].run["id"])
    assert "since the last break: worse, 0.956" in " ".join(
        text_of(api.history("infer_fps", [tmp_path])).split()
    )


def test_a_gate_stands_with_its_verdict_and_both_revisions(tmp_path: Path) -> None:
    """A time's under its figure, a count's under its own; a model may be only the gate's."""
    place = gated(tmp_path)
    (trail,) = api.history("infer_fps", [tmp_path]).trails
    (mark,) = trail.gates
    assert (mark.verdict, mark.value, mark.low, mark.high) == ("slower", 1.25, 1.2, 1.3)
    assert mark.base.startswith("main")
    assert mark.candidate.endswith("ba9876543210")
    (count,) = api.history("params", [place]).trails[0].gates
    assert (count.verdict, count.value, count.low) == ("changed", 1.2, None)
    text = text_of(api.history("infer_fps", [tmp_path]))
    assert "gate main (0123456789ab) -> the" in text
    assert "no chart: none of these runs has a value" in text
    assert parsed(document(api.history("infer_fps", [tmp_path])))


def test_a_gate_of_before_has_its_time_in_its_folders_name(tmp_path: Path) -> None:
    """Its file does not say when it was; one under any other name stands first."""
    place = gated(tmp_path, started="")
    (mark,) = api.history("infer_fps", [place]).trails[0].gates
    assert mark.started == "2027-05-02T12:00:00+00:00"
    place.rename(tmp_path / "elsewhere")
    (mark,) = api.history("infer_fps", [tmp_path / "elsewhere" / GATE]).trails[0].gates
    assert mark.started == ""


def test_runs_are_in_the_order_of_their_time_each_once(tmp_path: Path) -> None:
    """Whatever the order of the paths; a copy, a baseline say, was not measured twice."""
    place = kept(tmp_path, run(2, timed(FAST)), run(1, timed(SLOW)))
    copy = tmp_path / "copy.json"
    copy.write_text(stored.text_of(run(2, timed(FAST))))
    (trail,) = api.history("infer_fps", [copy, place, *(place / "mine").iterdir()]).trails
    assert [point.run[:8] for point in trail.points] == ["20270501", "20270502"]
    assert trail.points[0].revision == "000000000001"


def test_a_run_that_failed_is_there_as_n_a(tmp_path: Path) -> None:
    """With its status and reason; one that did not ask for it says so."""
    failed = {"status": "oom", "reasons": ("count: 9 GiB",)}
    place = kept(tmp_path, run(1, None, cell=failed), run(2, None), run(3, timed(SLOW)))
    (trail,) = api.history("infer_fps", [place]).trails
    assert trail.points[0].absent == "oom: count: 9 GiB"
    assert trail.points[1].absent == "the run did not ask for it"
    text = text_of(api.history("infer_fps", [place]))
    assert "n/a\n     oom: count: 9 GiB" in text


def test_what_is_unreadable_is_told_where_it_was_only_found(tmp_path: Path) -> None:
    """Named itself it is an error."""
    place = kept(tmp_path, run(1, timed(SLOW)), run(2, timed(FAST)))
    torn = place / "mine" / "20270502-100000"
    (torn / "results.json").write_text("{")
    found = api.history("infer_fps", [place])
    assert len(found.trails[0].points) == 1
    assert "LEFT OUT: " in text_of(found)
    told = [text for text in parsed(document(found)).text if text.startswith("LEFT OUT: ")]
    assert len(told) == 1
    assert "20270502-100000" in told[0]
    with pytest.raises(ResultError, match="cannot be read"):
        api.history("infer_fps", [torn])


def test_runs_of_two_machines_in_one_second_are_two(tmp_path: Path) -> None:
    """Suite, id and start are the same; the machines are not."""
    fast = timed(FAST)
    kept(tmp_path / "one", run(1, fast))
    kept(tmp_path / "two", run(1, fast, fingerprint={"cpu": "y"}))
    kept(tmp_path / "copy", run(1, fast))
    found = api.history("infer_fps", [tmp_path])
    (trail,) = found.trails
    assert [it.verdict.word for it in trail.points] == ["first", "break"]
