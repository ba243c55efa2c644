"""A gate over agents that behave as told: verdicts, what fails, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.errors import SideError
from benchbench.gate import process, session
from benchbench.gate.outcome import Gated
from benchbench.gate.process import AgentProcess, Side
from benchbench.gate.workloads import Workload
from benchbench.report.gated import page_of
from benchbench.report.markdown import text_of
from benchbench.suite.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable

FAKE = Path(__file__).with_name("fake_agent.py")
SHORT = Gate(alarm_percent=10, pairs=8, turns=3, window_s=1e-3, warmup_s=0)
EQUAL = {"value": 10, "reason": "", "detail": {}}


def model(step_s: float = 0.01, **more: Any) -> dict[str, Any]:
    """A model that takes so long a step; one percent from process to process."""
    return {"step_s": step_s, "spread": 0.01, "counts": {"params": EQUAL}, **more}


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Gated]:
    """Compare models of a base with those of a candidate."""
    monkeypatch.setattr(process, "AGENT", FAKE)

    def run(
        base: dict[str, Any],
        candidate: dict[str, Any],
        gate: Gate = SHORT,
        fail_on: tuple[Any, ...] = ("slower", "counts"),
        **plan: Any,
    ) -> Gated:
        sides = []
        other = {"base": tmp_path / "candidate", "candidate": tmp_path / "base"}
        for name, models in (("base", base), ("candidate", candidate)):
            (tmp_path / name).mkdir()
            (tmp_path / name / "behaviour.json").write_text(json.dumps(models))
            sides.append(Side(name, tmp_path / name, other[name]))
        parts = {name: {"model": name} for name in base}
        workloads = tuple(
            Workload(name, "infer", {"base": part, "candidate": part})
            for name, part in parts.items()
        )
        the_plan = session.GatePlan(
            (sides[0], sides[1]), workloads, gate, gate.pairs, 1, "cpu", 2.0, **plan
        )
        gated = Gated("s", "b", "c", gate.pairs, rule_of(gate), fail_on)
        lines: list[str] = []
        session.run(the_plan, gated, lines.append, lambda _: None)
        assert gated.complete
        assert lines
        return gated

    return run


def rule_of(gate: Gate) -> dict[str, Any]:
    """What a report says of the rule."""
    from dataclasses import asdict

    return {**asdict(gate), "cores": [0], "seed": 0}


def verdicts(gated: Gated) -> dict[str, str]:
    """The verdict of each model's step."""
    return {timing.model: timing.judgement.verdict for timing in gated.timings}


def test_each_change_has_its_verdict(compare: Callable[..., Gated]) -> None:
    """Slower and faster beyond the threshold, the same, and a change below floor or threshold."""
    base = {
        "slower": model(),
        "faster": model(),
        "same": model(spread=0.001),
        "tiny": model(1e-4),
        "little": model(spread=0.0),
    }
    candidate = {
        "slower": model(0.011),
        "faster": model(0.009),
        "same": model(spread=0.001),
        "tiny": model(1.2e-4),
        "little": model(0.0101, spread=0.0),
    }
    gated = compare(base, candidate)
    found = verdicts(gated)
    assert found.pop("tiny") == "unclear"  # 20 %, yet 20 us
    assert found.pop("little") == "same"  # apart, yet 1 %
    assert found == {"slower": "slower", "faster": "faster", "same": "same"}
    by_model = {timing.model: timing.judgement for timing in gated.timings}
    assert by_model["slower"].value == pytest.approx(1.1, rel=0.03)
    assert "in 19 of 20 gates" in by_model["same"].reason
    assert "less than the threshold or the floor" in by_model["tiny"].reason
    assert gated.failed == [f"slower: the infer step is slower, {percent(by_model['slower'])}"]
    text = text_of(page_of(gated))
    assert "FAILED: slower" in text
    assert "5 of 5 counts are equal" in text


def percent(judgement: Any) -> str:
    """As a finding names it."""
    return f"{100 * judgement.value - 100:+.1f} %"


def test_faster_fails_only_where_it_was_asked_for(compare: Callable[..., Gated]) -> None:
    """A gate that fails on faster does not fail on slower unless told so."""
    base = {"quick": model(), "slow": model()}
    candidate = {"quick": model(0.008), "slow": model(0.012)}
    gated = compare(base, candidate, fail_on=("faster",))
    assert verdicts(gated) == {"quick": "faster", "slow": "slower"}
    assert [line.partition(":")[0] for line in gated.failed] == ["quick"]


def test_a_clear_verdict_ends_the_pairs(compare: Callable[..., Gated]) -> None:
    """What is the same by a wide margin does not spend the budget."""
    gated = compare({"same": model(spread=1e-4)}, {"same": model(spread=1e-4)})
    assert len(gated.timings[0].pairs) < SHORT.pairs


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"fail": "open"}, "cannot open: RuntimeError: on purpose"),
        ({"die": "play"}, "died of SIGKILL: a last word"),
        ({"hang": "play"}, "did not answer 'play' in 2 s"),
        ({"die": "count"}, "died of SIGKILL: a last word"),
    ],
)
def test_a_side_that_breaks_costs_its_own_figure_alone(
    compare: Callable[..., Gated], fault: dict[str, str], words: str
) -> None:
    """It raises, dies or hangs: the reason is told and the other models go on."""
    counted = "count" in fault.values()
    base = {"well": model(spread=1e-4), "broken": model()}
    candidate = {"well": model(spread=1e-4), "broken": model(**fault)}
    gated = compare(base, candidate)
    assert verdicts(gated)["well"] == "same"
    if counted:
        count = next(count for count in gated.counts if count.model == "broken")
        assert words in count.reason
        assert verdicts(gated)["broken"] != "not comparable"
        return
    assert verdicts(gated)["broken"] == "not comparable"
    assert [f"broken: the candidate {words}"] == gated.broken
    assert "BROKEN" in text_of(page_of(gated))


def test_a_model_that_the_base_lacks_is_not_comparable(compare: Callable[..., Gated]) -> None:
    """It is no fault of the candidate."""
    gated = compare({"new": model(fail="open")}, {"new": model()})
    assert verdicts(gated) == {"new": "not comparable"}
    assert gated.broken == []
    assert gated.failed == []


def counted(value: float | None, **detail: int) -> dict[str, Any]:
    """A count with its operators."""
    return {"value": value, "reason": "" if value is not None else "no spikes", "detail": detail}


def test_counts_must_be_equal_or_declared(compare: Callable[..., Gated]) -> None:
    """A change fails and names the operators; one that the baseline has as well is only told."""
    base = {"a": counted(3, add=1, mul=2), "b": counted(5), "c": counted(None), "d": counted(1)}
    candidate = {
        "a": counted(4, add=2, mul=2),
        "b": counted(6),
        "c": counted(None),
        "e": counted(1),
    }
    gated = compare(
        {"m": model(counts=base)},
        {"m": model(counts=candidate)},
        declared=lambda _model, figure, *_: figure == "b",
    )
    found = {count.figure: count for count in gated.counts}
    assert found["a"].verdict == "changed"
    assert found["a"].reason == "3 -> 4 (add 1 -> 2)"
    assert found["b"].verdict == "declared"
    assert "c" not in found
    assert found["d"].reason == "only in the base"
    assert found["e"].reason == "only in the candidate"
    assert gated.failed == ["m: a changed, 3 -> 4 (add 1 -> 2)"]


def test_the_rate_of_false_alarms_is_shared_among_all_figures(
    tmp_path: Path,
) -> None:
    """Twice the figures or directions, half the rate each; a figure may have its own threshold."""
    side = Side("base", tmp_path, tmp_path / "other")
    workload = Workload("m", "infer", {})
    gate = Gate(thresholds_percent={"train_fps": 7})
    plan = session.GatePlan(
        (side, side), (workload, workload), gate, 12, None, "cpu", 1.0, directions=2
    )
    assert plan.rule("infer_fps").rate == pytest.approx(0.01 / 4)
    assert plan.rule("infer_fps").threshold == pytest.approx(0.02)
    assert plan.rule("train_fps").threshold == pytest.approx(0.07)


def test_an_agent_that_cannot_start_says_why(tmp_path: Path) -> None:
    """The interpreter's own last words are in the reason."""
    (tmp_path / "base").mkdir()
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no torch here >&2\nexit 1\n")
    python.chmod(0o755)
    side = Side("base", tmp_path / "base", tmp_path, str(python))
    with (
        AgentProcess(side, tmp_path / "log", 20.0) as it,
        pytest.raises(SideError, match="no torch here"),
    ):
        it.ask("hello")
