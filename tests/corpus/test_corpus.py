"""The corpus judges rightly, and a few of its models in each run of the tests."""

from __future__ import annotations

import importlib
from dataclasses import replace
from typing import Any

import pytest
from corpus_entry import Entry, Published
from corpus_table import Row, judged, written
from make_corpus import FAMILIES, checked, entries_of
from torch import nn

SMALL = {
    "torch": ("conv2d, grouped", "scaled_dot_product_attention", "LSTM", "tied weights"),
    "torch_odd": ("returns a dataclass", "complex convolution", "dynamic int8", "custom operator"),
    "spikingjelly": ("PSN", "MNISTNet"),
    "transformers": ("LlamaForCausalLM",),
    "torchvision": ("squeezenet1_1",),
}
NEEDS = {"transformers": "transformers", "torchvision": "torchvision"}


@pytest.mark.filterwarnings("ignore")  # libraries warn of themselves, and tracing of everything
@pytest.mark.parametrize(("family", "name"), [(f, n) for f, names in SMALL.items() for n in names])
def test_a_model_of_the_corpus(family: str, name: str) -> None:
    """It is counted as others count it, or refused with what to do."""
    if family in NEEDS:
        pytest.importorskip(NEEDS[family], reason="extra `corpus` is not installed")
    (entry,) = (entry for entry in entries_of([family]) if entry.name == name)
    row = checked(entry)
    assert not row.fault
    assert row.verdict == ("refused" if entry.refused else "counted")


def test_the_corpus_is_large_and_names_nothing_twice() -> None:
    """At least sixty models, of four families."""
    for package in NEEDS.values():
        pytest.importorskip(package, reason="extra `corpus` is not installed")
    found = [(entry.family, entry.name) for entry in entries_of(FAMILIES)]
    assert len(found) == len(set(found)) >= 60
    assert {family for family, _ in found} == {*FAMILIES} - {"torch_odd"}


RIGHT: dict[str, Any] = {
    "macs": 1_814_073_344.0,
    "reason": "",
    "notes": (),
    "params": (5.0, 5.0),
    "others": {"one": 1_814_073_344.0, "two": 7.0, "three": None},
    "shape": (3, 224, 224),
}
ENTRY = Entry(
    "net",
    "torch",
    nn.Identity,
    lambda: (3,),
    by_hand=1_814_073_344,
    published=Published(1.814, 3, "a table"),
)
UNKNOWN = replace(ENTRY, by_hand=None, published=None)


def test_who_agrees_is_listed() -> None:
    """Who says the same stands apart from who says else, or nothing."""
    row = judged(ENTRY, **RIGHT)
    assert (row.verdict, row.fault) == ("counted", "")
    assert row.agree == ("a table 1.814e9", "by hand", "one")
    assert row.differ == {"two": 7.0, "three": None}


@pytest.mark.parametrize(
    ("entry", "change", "fault"),
    [
        (ENTRY, {"macs": 1_814_073_345.0}, "by hand"),
        (UNKNOWN, {"macs": 1_814_073_345.0}, "nobody agrees"),
        (replace(ENTRY, by_hand=None), {"macs": 1_814_600_000.0}, "a table 1.814e9"),
        (ENTRY, {"params": (5.0, 6.0)}, "6 parameters, not 5.0"),
        (ENTRY, {"params": (None, 6.0)}, "6 parameters, not None"),
        (ENTRY, {"macs": None, "reason": "no rule"}, "refused: no rule"),
        (replace(ENTRY, refused="matmul"), {"macs": None, "reason": "no rule"}, "refused: no rule"),
        (replace(ENTRY, refused="matmul"), {}, "should be refused"),
    ],
)
def test_what_is_wrong_is_a_fault(entry: Entry, change: dict[str, Any], fault: str) -> None:
    """A wrong or missing count, a wrong size, and a reason that says not what to do."""
    row = judged(entry, **RIGHT | change)
    assert row.verdict == "FAULT"
    assert fault in row.fault


def test_a_published_figure_holds_to_its_last_digit() -> None:
    """Half a unit of the last printed digit is agreement, more is none."""
    published = Published(0.301, 3, "")
    assert published.agrees(301_499_999)
    assert not published.agrees(301_600_000)


def test_a_refusal_is_a_row_of_its_own_table(tmp_path: Any) -> None:
    """The table says how many were counted, refused and wrong."""
    refused = judged(
        replace(UNKNOWN, name="odd", refused="matmul"),
        **RIGHT | {"macs": None, "reason": "write it as matmul", "others": {}},
    )
    rows: list[Row] = [judged(ENTRY, **RIGHT), refused]
    written(rows, {"torch": "2"}, tmp_path)
    text = (tmp_path / "corpus.md").read_text()
    assert "2 models: 1 counted, 1 refused with a reason, 0 wrong." in text
    assert "| torch | odd | 3x224x224 | write it as matmul |" in text
    assert "| a table 1.814e9, by hand, one | two 7, three cannot run it |" in text
    lines = (tmp_path / "corpus.csv").read_text().splitlines()
    assert len(lines) == 3


def test_every_family_is_a_file() -> None:
    """What the command offers is there; families of others are not imported for that."""
    for family in set(FAMILIES) - set(NEEDS):
        assert importlib.import_module(f"of_{family}").entries
