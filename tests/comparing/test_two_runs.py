"""Two runs set against each other, on figures that are made up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from benchbench.comparing.loading import StoredRun
from benchbench.comparing.welch import Compared, Comparison, Incomparable, compare
from benchbench.metrics.merging import merge
from benchbench.metrics.registry import measured, unavailable
from benchbench.suite.gate import Gate

if TYPE_CHECKING:
    from benchbench.metrics.measurement import Measurement


def of_processes(name: str, values: list[float], **changes: Any) -> Measurement:
    """A figure of several processes."""
    rounds = [measured(name, v, detail={"repeat": i}) for i, v in enumerate(values)]
    return replace(merge(rounds), **changes)


def compared(
    base: Measurement | None,
    new: Measurement | None,
    gate: Gate = Gate(),  # noqa: B008 - frozen
    *,
    machines: tuple[str, str] | str = ("x", "x"),
    across: bool = False,
) -> Comparison:
    """Two runs of one model."""
    runs = [
        StoredRun(name, {"cpu": cpu}, {"m": {f.name: f} if f else {}})
        for name, cpu, f in (("b", machines[0], base), ("n", machines[1], new))
    ]
    return compare(*runs, gate, across_machines=across)


def only(found: Comparison) -> Compared | Incomparable:
    """Its one line."""
    (line,) = found.lines
    return line


SLOW, FAST = [10.0, 10.1, 9.9], [20.0, 20.2, 19.8]


@pytest.mark.parametrize(
    ("name", "base", "new", "verdict"),
    [
        ("infer_fps", SLOW, FAST, "better"),
        ("infer_fps", FAST, SLOW, "worse"),
        ("latency", SLOW, FAST, "worse"),
        ("latency", FAST, SLOW, "better"),
        ("infer_fps", SLOW, SLOW, "same"),
    ],
)
def test_a_direction_is_the_metrics(
    name: str, base: list[float], new: list[float], verdict: str
) -> None:
    """More frames are better, more seconds are worse."""
    line = only(compared(of_processes(name, base), of_processes(name, new)))
    assert isinstance(line, Compared)
    assert line.verdict == verdict
    assert line.value == pytest.approx(new[0] / base[0])
    assert (line.base, line.new) == pytest.approx((base[0], new[0]))


def test_an_interval_from_below_1_to_below_2_resolves_nothing() -> None:
    """It is 1 that must lie outside, and nothing else."""
    base, new = [1.0, 1.1, 1.05, 1.0], [1.05, 1.1, 1.12, 1.02]
    line = only(compared(of_processes("latency", base), of_processes("latency", new)))
    assert isinstance(line, Compared)
    assert (line.low or 0) < 1
    assert 1.02 < (line.value or 0) < (line.high or 0) < 2
    assert line.verdict == "same"


def test_one_in_the_interval_is_the_same_however_far_it_is() -> None:
    """A large difference that is not resolved is none."""
    line = only(compared(of_processes("latency", [1.0, 4.0]), of_processes("latency", [2.0, 8.0])))
    assert isinstance(line, Compared)
    assert line.value == pytest.approx(2.0)
    assert line.verdict == "same"
    assert line.reason.startswith("a change below ")


@pytest.mark.parametrize(
    ("percent", "verdict", "why"),
    [(2, "worse", ""), (4, "same", "a change below 4.0 % would not have been seen")],
)
def test_a_resolved_difference_below_the_threshold_is_the_same(
    percent: float, verdict: str, why: str
) -> None:
    """Both the interval and the threshold must be passed; what would be seen is said."""
    base, new = (of_processes("latency", [f, f * 1.0001]) for f in (1.0, 1.03))
    for gate in (Gate(percent), Gate(50, {"latency": percent})):
        line = only(compared(base, new, gate))
        assert isinstance(line, Compared)
        assert (line.verdict, line.reason) == (verdict, why)


def test_the_threshold_itself_counts() -> None:
    """A quarter more at a threshold of a quarter, in numbers that binary has."""
    line = only(
        compared(of_processes("latency", [1, 1]), of_processes("latency", [1.25, 1.25]), Gate(25))
    )
    assert isinstance(line, Compared)
    assert line.verdict == "worse"


def test_one_process_a_side_gives_no_verdict() -> None:
    """Nor does one on one side."""
    for base, new in (([1.0], [2.0]), ([1.0, 1.1], [2.0]), ([1.0], [2.0, 2.1])):
        line = only(compared(of_processes("latency", base), of_processes("latency", new)))
        assert isinstance(line, Incomparable)
        assert (
            line.reason == "one process a side gives no interval: run with repeats of two or more"
        )
        assert (line.model, line.metric, line.method) == ("m", "latency", "timed")


def test_a_peak_says_that_more_repeats_give_no_interval() -> None:
    """The largest of all processes is one figure, however many there were."""
    base, new = (of_processes("infer_rss", [f, 1.1 * f]) for f in (1.0, 2.0))
    line = only(compared(base, new))
    assert isinstance(line, Incomparable)
    wanted = "a peak is the largest of all processes and has no interval: more repeats give none"
    assert line.reason == wanted


@pytest.mark.parametrize(
    ("new", "verdict"),
    [(2.0, "same"), (2.5, "worse"), (1.5, "better"), (2.0 * (1 + 1e-12), "same")],
)
def test_a_modelled_figure_is_exact_as_its_counts_are(new: float, verdict: str) -> None:
    """Also where spikes give it an interval over the images: both runs were counted on the same."""
    for ends in ({}, {"low": 1.0, "high": 3.0}):
        pair = [measured("modelled_compute_fp32", value, **ends) for value in (2.0, new)]
        line = only(compared(*pair))
        assert isinstance(line, Compared)
        assert (line.verdict, line.reason, line.low, line.high) == (verdict, "", None, None)
        assert (line.value, line.method) == (pytest.approx(new / 2.0), "modelled")


def test_a_modelled_figure_of_several_processes_has_an_interval() -> None:
    """As an extension may declare one that rests on times."""
    base, new = (of_processes("modelled_compute_fp32", [f, 1.1 * f]) for f in (1.0, 1.02))
    line = only(compared(base, new))
    assert isinstance(line, Compared)
    assert line.low is not None
    assert line.verdict == "same"


@pytest.mark.parametrize(
    ("name", "base", "new", "verdict", "value"),
    [
        ("params", 10, 10, "same", 1.0),
        ("params", 10, 20, "worse", 2.0),
        ("params", 20, 10, "better", 0.5),
        ("activation_sparsity", 0.5, 0.75, "better", 1.5),
        ("activation_sparsity", 0.75, 0.375, "worse", 0.5),
        ("weight_sparsity", 0.0, 0.0, "same", None),
        ("weight_sparsity", 0.0, 0.5, "better", None),
        ("synops_exact", 5.0, 0.0, "better", None),
    ],
)
def test_a_count_is_equal_or_not(
    name: str, base: float, new: float, verdict: str, value: float | None
) -> None:
    """It has no noise and needs no interval; 0 has no ratio."""
    line = only(compared(measured(name, base), measured(name, new)))
    assert isinstance(line, Compared)
    assert (line.verdict, line.value, line.low, line.high) == (verdict, value, None, None)
    assert (line.base, line.new, line.method, line.reason) == (base, new, "counted", "")


@pytest.mark.parametrize(
    ("base", "new", "why"),
    [
        (None, measured("params", 1), "the base does not have it"),
        (measured("params", 1), None, "the new run does not have it"),
        (unavailable("params", "x"), measured("params", 1), "n/a in the base: x"),
        (measured("params", 1), unavailable("params", "y"), "n/a in the new run: y"),
        (
            measured("params", 1, valid=False, reasons=("z",)),
            measured("params", 1),
            "invalid in the base: z",
        ),
        (
            measured("params", 1),
            measured("params", 1, valid=False, reasons=("z",)),
            "invalid in the new run: z",
        ),
        (
            measured("params", 1, provenance="simulated"),
            measured("params", 1),
            "one is simulated, the other is not",
        ),
    ],
)
def test_what_cannot_be_compared_says_why(
    base: Measurement | None, new: Measurement | None, why: str
) -> None:
    """A count as well as a time."""
    line = only(compared(base, new))
    assert isinstance(line, Incomparable)
    assert line.reason == why
    assert (line.base, line.new) == tuple(f.value if f else None for f in (base, new))


def test_other_machines_are_not_compared_but_the_model_is() -> None:
    """What rests on the model alone has no machine; what differs is said."""
    times = of_processes("latency", SLOW), of_processes("latency", FAST)
    found = compared(*times, machines=("x", "y"))
    line = only(found)
    assert isinstance(line, Incomparable)
    assert found.differences == ("cpu: x : y",)
    wanted = "the machines differ (cpu: x : y): --across-machines compares all the same"
    assert line.reason == found.refused == wanted
    assert (line.base, line.new) == pytest.approx((10.0, 20.0))
    assert line.method == "timed"
    across = compared(*times, machines=("x", "y"), across=True)
    assert (across.refused, [type(x) for x in across.lines]) == ("", [Compared])
    counts = compared(measured("params", 1), measured("params", 1), machines=("x", "y"))
    assert isinstance(only(counts), Compared)
    spikes = compared(measured("synops_exact", 1), measured("synops_exact", 1), machines=("x", "y"))
    assert isinstance(only(spikes), Incomparable)


def test_a_model_in_one_run_alone_is_a_line() -> None:
    """It says in which."""
    figure = {"params": measured("params", 1)}
    base, new = StoredRun("b", {}, {"old": figure}), StoredRun("n", {}, {"young": figure})
    lines = compare(base, new, Gate(), across_machines=False).lines
    assert lines == (
        Incomparable("old", "", "", None, None, "only in the base"),
        Incomparable("young", "", "", None, None, "only in the new run"),
    )


def test_regressions_are_listed_and_json_has_one_shape() -> None:
    """Every line of the JSON has the same keys, whatever came of it."""
    found = compared(of_processes("latency", SLOW), of_processes("latency", FAST))
    assert [line.metric for line in found.worse] == ["latency"]
    assert found.comparable == list(found.lines)
    none = compared(None, measured("params", 1))
    assert none.comparable == none.worse == []
    documents = [run.to_json() for run in (found, none)]
    keys = {"model", "metric", "method", "base", "new", "value", "low", "high", "verdict", "reason"}
    assert [{*line} for document in documents for line in document["lines"]] == [keys, keys]
    assert [d["lines"][0]["verdict"] for d in documents] == ["worse", "not comparable"]
    assert documents[0]["lines"][0]["value"] == pytest.approx(2.0)
    assert [d["schema"] for d in documents] == [1, 1]


def test_a_comparison_says_what_was_compared() -> None:
    """Both names and the limits, every line with its model, figure, method and interval."""
    gate = Gate(3)
    found = compared(of_processes("latency", SLOW), of_processes("latency", FAST), gate)
    assert (found.base, found.new, found.gate) == ("b", "n", gate)
    line = only(found)
    assert isinstance(line, Compared)
    assert (line.model, line.metric, line.method) == ("m", "latency", "timed")
    assert (line.low or 0) < 2 < (line.high or 0)
    assert line.low is not None
    assert 1.5 < line.low < (line.value or 0) < (line.high or 0)
    count = only(compared(measured("params", 1), measured("params", 2)))
    assert (count.model, count.metric) == ("m", "params")
    other = only(compared(measured("synops_exact", 1), measured("synops_exact", 1), machines="xy"))
    assert (other.model, other.metric, other.method) == ("m", "synops_exact", "counted")
    for base, new in ((None, measured("params", 1)), (measured("params", 1), None)):
        line = only(compared(base, new))
        assert (line.model, line.metric, line.method) == ("m", "params", "counted")


def test_what_would_be_seen_is_half_the_interval_where_that_is_more() -> None:
    """By hand: e to the power of the interval's half, less one."""
    base = of_processes("latency", [1.0, 1.1])
    line = only(compared(base, base))
    assert isinstance(line, Compared)
    assert line.high is not None
    assert line.value == pytest.approx(1.0)
    wanted = f"a change below {100 * (line.high - 1):.1f} % would not have been seen"
    assert line.reason == wanted


def test_a_comparison_is_a_frame_and_a_line() -> None:
    """One row a figure; what there is not is NaN, in columns of numbers; the line counts them."""
    base = measured("params", 100), measured("macs_dense", 5), unavailable("latency", "no clock")
    new = measured("params", 110), measured("macs_dense", 5), unavailable("latency", "no clock")
    runs = [StoredRun(n, {}, {"m": {f.name: f for f in s}}) for n, s in (("b", base), ("n", new))]
    found = compare(*runs, Gate(), across_machines=False)
    frame = found.to_frame()
    names = [
        "model",
        "metric",
        "method",
        "base",
        "new",
        "value",
        "low",
        "high",
        "verdict",
        "reason",
    ]
    assert [*frame.columns] == names
    assert [*frame["metric"]] == ["params", "macs_dense", "latency"]
    assert [*frame["verdict"]] == ["worse", "same", "not comparable"]
    assert frame["value"][0] == pytest.approx(1.1)
    assert {str(frame[name].dtype) for name in ("base", "new", "value", "low", "high")} == {
        "float64"
    }
    assert frame.loc[2, ["base", "new", "value"]].isna().all()
    assert repr(found) == "<Comparison 'n' against 'b': 1 worse of 2 comparable, 1 not comparable>"
    empty = Comparison("b", "n", Gate(), (), ()).to_frame()
    assert [*empty.columns] == names
    assert {str(empty[name].dtype) for name in ("base", "new", "value", "low", "high")} == {
        "float64"
    }
