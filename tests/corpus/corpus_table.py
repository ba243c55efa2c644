"""What a count of the corpus comes to, and the table of all of them."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from benchbench.files import write_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from corpus_entry import Entry

__all__ = ["Row", "judged", "written"]

COUNTED, REFUSED, FAULT = "counted", "refused", "FAULT"


@dataclass(frozen=True, slots=True)
class Row:
    """One model.

    Attributes:
        family: Whose it is.
        model: Its name.
        sample: Shape of one sample.
        verdict: ``counted``, ``refused`` or ``FAULT``.
        macs: Mult-adds per sample; None where it is refused.
        params: Parameters; None where they cannot be counted.
        agree: Who says the same of the mult-adds.
        differ: What the others say, by name; None where one cannot run the model.
        reason: Why it is refused; or what stands beside the count.
        fault: What is wrong; empty where nothing is.
    """

    family: str
    model: str
    sample: tuple[int, ...]
    verdict: str
    macs: float | None
    params: float | None
    agree: tuple[str, ...]
    differ: dict[str, float | None]
    reason: str
    fault: str

    def line(self) -> str:
        """What is printed of it."""
        said = "refused" if self.macs is None else f"{self.macs:,.0f}"
        why = self.fault or (self.reason if self.macs is None else ", ".join(self.agree))
        return f"{self.verdict:8}{self.family:13}{self.model:32}{said:>16}  {why}"


def judged(
    entry: Entry,
    *,
    macs: float | None,
    reason: str,
    notes: Sequence[str],
    params: tuple[float | None, float],
    others: Mapping[str, float | None],
    shape: tuple[int, ...],
) -> Row:
    """Hold a count against everything that is known of the model.

    Args:
        entry: The model.
        macs: Mult-adds per sample by benchbench; None where it refused.
        reason: Why it did.
        notes: What stands beside the count.
        params: Parameters by benchbench, and those that the model has.
        others: Mult-adds by each independent counter, per sample.
        shape: Shape of one sample.
    """
    agree, differ, faults = [], {}, []
    if macs is None:
        if not entry.refused or not re.search(entry.refused, reason):
            faults.append(f"refused: {reason}")
    else:
        if entry.refused:
            faults.append(f"counted {macs:,.0f}, and should be refused ({entry.refused})")
        if entry.published:
            says = f"{entry.published.source} {entry.published.gmacs}e9"
            (agree if entry.published.agrees(macs) else faults).append(says)
        if entry.by_hand is not None:
            right = macs == entry.by_hand
            (agree if right else faults).append(
                "by hand" if right else f"by hand {entry.by_hand:,}"
            )
        for who, said in others.items():
            if said == macs:
                agree.append(who)
            else:
                differ[who] = said
        if not agree:
            faults.append("nobody agrees")
        if params[0] != params[1]:
            faults.append(f"{params[1]:,.0f} parameters, not {params[0]}")
    verdict = FAULT if faults else COUNTED if macs is not None else REFUSED
    return Row(
        entry.family,
        entry.name,
        shape,
        verdict,
        macs,
        params[0],
        tuple(agree),
        differ,
        reason or "; ".join(notes),
        "; ".join(faults),
    )


def written(rows: Sequence[Row], versions: Mapping[str, str], folder: Path) -> None:
    """Write ``corpus.md``, ``corpus.csv`` and ``corpus.json``."""
    plain = [asdict(row) | {"sample": _size(row)} for row in rows]
    whole = {"versions": dict(versions), "rows": plain}
    write_text(folder / "corpus.json", json.dumps(whole, indent=1) + "\n")
    text = io.StringIO()
    table = csv.DictWriter(text, list(plain[0]), lineterminator="\n")
    table.writeheader()
    table.writerows({key: _cell(value) for key, value in row.items()} for row in plain)
    write_text(folder / "corpus.csv", text.getvalue())
    write_text(folder / "corpus.md", _markdown(rows, versions))


def _markdown(rows: Sequence[Row], versions: Mapping[str, str]) -> str:
    """The table for people, and what it says in one sentence."""
    counted = [row for row in rows if row.verdict == COUNTED]
    refused = [row for row in rows if row.verdict == REFUSED]
    faults = len(rows) - len(counted) - len(refused)
    lines = [
        "# The corpus",
        "",
        f"{len(rows)} models: {len(counted)} counted, {len(refused)} refused with a reason, "
        f"{faults} wrong. Made by `make corpus` with "
        + ", ".join(f"{name} {number}" for name, number in versions.items())
        + ". Mult-adds are `macs_dense`, per sample.",
        "",
        "## Counted",
        "",
        "| family | model | sample | mult-adds | parameters | who agrees | who says else |",
        "| --- | --- | --- | ---: | ---: | --- | --- |",
    ]
    for row in rows:
        if row.macs is not None:
            else_ = ", ".join(f"{who} {_said(said)}" for who, said in row.differ.items())
            cells = [row.family, row.model, _size(row), f"{row.macs:,.0f}", f"{row.params:,.0f}"]
            lines.append(f"| {' | '.join(cells)} | {', '.join(row.agree)} | {else_} |")
    lines += [
        "",
        "## Refused",
        "",
        "| family | model | sample | reason |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.family} | {row.model} | {_size(row)} | {row.reason} |"
        for row in rows
        if row.macs is None
    ]
    return "\n".join(lines) + "\n"


def _size(row: Row) -> str:
    return "x".join(map(str, row.sample))


def _said(value: float | None) -> str:
    return "cannot run it" if value is None else f"{value:,.0f}"


def _cell(value: Any) -> Any:
    if isinstance(value, dict):
        return "; ".join(f"{name} {_said(said)}" for name, said in value.items())
    return "; ".join(map(str, value)) if isinstance(value, tuple) else value
