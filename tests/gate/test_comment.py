"""The comment that a gate leaves for a pull request."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner
from fixtures_gate import behaviour, git

from benchbench.cli import main
from benchbench.cli.gate import USUAL, _again
from benchbench.comparing import welch
from benchbench.comparing.loading import StoredRun
from benchbench.errors import OutputError, SuiteError
from benchbench.gate.judge import Judgement
from benchbench.gate.outcome import Count, Gated, Timing
from benchbench.metrics.registry import measured
from benchbench.report.comment import MARKER, not_run, of_comparison, of_gate, started
from benchbench.suite.gate import Gate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.testing import Result

COMMAND = "benchbench gate mine.yaml --base main"


def gated(*verdicts: str, **changes: Any) -> Gated:
    """A gate with a step for each verdict."""
    timings = [
        Timing(
            f"m{index}",
            "infer",
            judgement=Judgement(word, 6, 0.01, 0.0125, 1.25, 1.2, 1.3, 0.02 + 0.01 * index, "why"),  # type: ignore[arg-type]
        )
        for index, word in enumerate(verdicts)
    ]
    found = Gated(
        "mine",
        "main (0123456789ab)",
        "the working tree at ba9876543210",
        12,
        {"alarm_percent": 1.0},
        ("slower", "counts"),
        {"cpu": "EPYC", "cores": 2, "torch": "2.6", "memory_gib": 3},
        [Count("m0", "params", 10, 10, "same")],
        timings,
        complete=True,
    )
    return replace(found, **changes)


CHANGED = [Count("m0", "params", 10, 20, "changed", "twice")]
BROKEN = Timing(
    "m0", "infer", judgement=Judgement("not comparable", reason="no"), failed="candidate"
)


@pytest.mark.parametrize(
    ("found", "headline"),
    [
        (gated("same", "slower"), "Regression**: m1: the infer step is slower, +25.0 %."),
        (gated("slower", "slower"), "slower, +25.0 %; and 1 more."),
        (gated("same", counts=CHANGED), "Regression**: m0: params changed, twice."),
        (gated("faster", fail_on=("faster",)), "Changed**: m0: the infer step is faster"),
        (gated(timings=[BROKEN]), "Broken**: m0: no (it runs in the base)."),
        (gated("same", complete=False), "Unfinished**: "),
        (gated("unclear", "same"), "Not resolved**: 1 of 2 steps are unclear; a slowdown of 3.0 %"),
        (gated("not comparable", "same"), "Not resolved**: 1 of 2 steps could not be compared"),
        (gated("not comparable", counts=[]), "Nothing could be compared**: "),
        (
            gated("same", "same", "faster"),
            "No regression**: 3 steps compared; a slowdown of 3.0 % would have been found in 19 of",
        ),
        (gated("slower", fail_on=("counts",)), "1 slower, which this gate was told not to fail on"),
    ],
)
def test_the_headline_is_the_verdict_and_how_sure_it_is(found: Gated, headline: str) -> None:
    """What fails comes before what is open, and what is open before what is well."""
    text = of_gate(found, COMMAND)
    assert headline in text.split("\n\n")[2]


def test_the_table_has_what_a_reviewer_asks() -> None:
    """Ratio, interval, verdict, detectable effect, machine, and how to repeat it."""
    text = of_gate(gated("same", "slower", counts=CHANGED), COMMAND)
    rows = [line for line in text.splitlines() if line.startswith("| m")]
    assert rows == [
        "| model | step | new : base | verdict | would find | pairs | why |",
        "| m1 | infer | 1.25 [1.2, 1.3] | slower | 3.0 % | 6 | why |".replace("[", "\\[").replace(
            "]", "\\]"
        ),
        "| m0 | infer | 1.25 [1.2, 1.3] | same | 2.0 % | 6 | why |".replace("[", "\\[").replace(
            "]", "\\]"
        ),
        "| model | figure | base | new | verdict | why |",
        "| m0 | params | 10 | 20 | changed | twice |",
    ]
    assert text.startswith(f"{MARKER}\n")
    assert "- machine: cpu EPYC; cores 2; torch 2.6\n" in text
    assert "false alarm, all times together: 1 %" in text
    assert text.endswith(f"To repeat it on this commit:\n\n    {COMMAND}\n")


HOSTILE = (
    "@everyone closes #12 https://x.example www.x.example <img src=x> [a](b) `c` | d\n\n# e\x1b[31m"
    " <!-- benchbench gate -->"
)


def test_a_hostile_name_calls_nobody_and_marks_nothing_up() -> None:
    """No mention, reference, link, image, heading or second row; the command stays a block."""
    timing = Timing(HOSTILE, "infer", judgement=Judgement("same", 6, reason=HOSTILE))
    count = Count(HOSTILE, HOSTILE, 1, 2, "changed", HOSTILE)
    about = {"notes": [HOSTILE], "base": HOSTILE, "candidate": HOSTILE, "counts": [count]}
    text = of_gate(gated(timings=[timing], **about, fingerprint={"cpu": HOSTILE}), f"a {HOSTILE}")
    words, _, command = text.partition("To repeat it on this commit:\n\n")
    assert not re.search(r"@\w|#\d|https://x|www\.x|<img|[^\\]\[a|[^\\]`|\x1b", words)
    assert words.count(MARKER) == 1
    assert [line for line in words.splitlines() if line.startswith("#")] == [
        line for line in words.splitlines() if line.startswith("### benchbench gate: ")
    ]
    assert all(line.startswith("    ") for line in command.rstrip("\n").split("\n"))
    for text in (not_run(HOSTILE, HOSTILE), started(HOSTILE)):
        assert text.count(MARKER) <= 2  # in the block of code it is text
        assert not re.search(r"@\w", text.partition("To repeat")[0])


def test_a_long_gate_stays_below_what_a_forge_takes() -> None:
    """What is cut is told; what fails stands first, and is not cut."""
    verdicts = ["same"] * 300 + ["slower"]
    found = gated(*verdicts)
    for timing in found.timings:
        timing.judgement = replace(timing.judgement, reason="x" * 5000)
    found.notes = ["y" * 5000]
    text = of_gate(found, COMMAND)
    assert len(text) < 65_536
    assert "| m300 | infer |" in text
    assert "261 more lines stand in the summary of the run." in text


def compared(name: str, base: float, new: float) -> welch.Comparison:
    """Two runs of one figure."""
    sides = [StoredRun(f"{it}", {}, {"m": {name: measured(name, it)}}) for it in (base, new)]
    return welch.compare(sides[0], sides[1], Gate(), across_machines=False)


def test_a_gate_against_a_stored_run_has_a_comment_too() -> None:
    """Worse, the same, and nothing to compare."""
    worse = of_comparison(compared("params", 10, 20), COMMAND, failed=True)
    assert "**Regression**: 1 of 1 figures are worse." in worse
    assert "| m | params | 2 | worse |" in worse
    same = of_comparison(compared("params", 10, 10), COMMAND, failed=False)
    assert "**No regression**: 1 figures compared; only counts, which have no noise." in same
    none = of_comparison(compared("latency", 10, 10), COMMAND, failed=False)
    assert "**Nothing could be compared**" in none


@pytest.fixture
def gate(fake_gate: Path) -> Callable[..., Result]:
    """The command, over an agent that works on no model."""

    def run(*words: str | Path) -> Result:
        given = ["gate", *map(str, words), "--out", str(fake_gate.parent / "out")]
        return CliRunner().invoke(main.group, given, standalone_mode=False)

    return run


def test_the_command_writes_it_whatever_the_gate_comes_to(
    gate: Callable[..., Result], repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slower, a side that cannot start, a suite with a fault; the command to repeat it is whole."""
    file, summary = tmp_path / "comments" / "c.md", tmp_path / "summary.md"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    (repository / "behaviour.json").write_text(behaviour(step_s=0.02))
    words = ("bench/mine.yaml", "--base", "HEAD", "--comment", file)
    assert gate(*words, "--pairs", "5", "--fail-on", "slower").return_value == 1
    text = file.read_text("utf-8")
    assert "**Regression**: m: the infer step is slower" in text
    again = "benchbench gate bench/mine.yaml --base HEAD --fail-on slower --pairs 5"
    assert text.endswith(f"    {again}\n")
    (repository / "behaviour.json").write_text("{")
    assert gate(*words).return_value == 4
    assert "the candidate ended with exit code 1" in file.read_text("utf-8")
    assert isinstance(gate("nowhere.yaml", *words[1:]).exception, SuiteError)
    assert "**Nothing could be compared**: nowhere.yaml" in file.read_text("utf-8")
    assert "nowhere.yaml" in summary.read_text("utf-8")
    assert git(repository, "status", "--porcelain") == "M behaviour.json"


def test_a_comment_that_cannot_be_written_is_told_before_anything_runs(
    gate: Callable[..., Result], repository: Path
) -> None:
    """No process was started: there is no folder of the gate."""
    result = gate("bench/mine.yaml", "--base", "HEAD", "--comment", "/dev/null/c.md")
    assert isinstance(result.exception, OutputError)
    assert not (repository.parent / "out").exists()


def test_how_a_gate_is_played_again_leaves_out_each_option_s_own_default_alone() -> None:
    """A revision called auto is said; the same word of the device need not be."""
    given = main.group.commands["gate"].params
    options = {it.name.replace("_", "-"): it.default for it in given if it.name}
    assert {name: options[name] for name in USUAL} == USUAL
    assert _again({**USUAL, "base": "auto"}, "gate") == "benchbench gate gate --base auto"
    changed = _again({"base": "reuse", "device": "cpu", "fail-on": ("faster",)}, "mine.yaml")
    assert changed == "benchbench gate mine.yaml --base reuse --device cpu --fail-on faster"
