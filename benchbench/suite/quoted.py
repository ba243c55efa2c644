"""Figures that others published, for the reports of suites that ask for them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import formulas
from benchbench.codec import from_json
from benchbench.errors import BenchbenchError
from benchbench.files import content_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["GAINS", "HARDWARE", "with_quotations"]

Place = tuple[str | int, ...]

HARDWARE, GAINS = "hardware", "claimed_gains"
MOST_BYTES = 1 << 20  # of a result of NeuroBench
BY = {"claimed": "by its paper", "sata": "by SATA", "spikesim": "by SpikeSim"}
UNITS = {"Footprint": "B"}  # of NeuroBench's metrics; the rest are counts and shares


def with_quotations(
    document: Mapping[str, Any], folder: Path, found: list[tuple[Place, str]]
) -> dict[str, Any]:
    """The document with the figures that its ``quoted`` asks for under ``quotations``.

    Args:
        document: Plain dictionaries, lists and scalars, as yet unchecked.
        folder: Where relative paths start.
        found: Takes the faults.
    """
    asked = document.get("quoted")
    if not isinstance(asked, list | tuple):
        return dict(document)
    rows: list[dict[str, Any]] = []
    for index, name in enumerate(asked):
        try:
            rows += _rows(str(name), folder)
        except (BenchbenchError, OSError, ValueError) as error:
            found.append((("quoted", index), str(error)))
    return {**document, "quotations": rows}


def _rows(name: str, folder: Path) -> Iterator[dict[str, Any]]:
    if name == HARDWARE:
        yield from _bundled()[HARDWARE]
    elif name == GAINS:
        yield from _gains()
    elif name.endswith(".json"):
        yield from _of_neurobench(folder / name)
    else:
        raise ValueError(
            f"expected {HARDWARE}, {GAINS} or a result of NeuroBench (.json), found {name!r}"
        )


@cache
def _bundled() -> dict[str, Any]:
    from ruamel.yaml import YAML  # noqa: PLC0415 - few suites ask for it

    place = Path(formulas.__file__).with_name("quoted.yaml")
    read: dict[str, Any] = YAML(typ="safe").load(place.read_text("utf-8"))
    return read


def _gains() -> Iterator[dict[str, Any]]:
    """A claimed gain over a conventional network, and what two simulators made of it."""
    block = _bundled()[GAINS]
    common = {"unit": "x", "source": block["source"], "second_hand": block["second_hand"]}
    for row in block["rows"]:
        for column, by in BY.items():
            yield {
                **common,
                "system": row["method"],
                "what": f"gain in energy {by}",
                "value": float(row[column]),
                "boundary": "not stated",
                "how": "claimed" if column == "claimed" else "simulated",
                "date": "2023",
            }


def _of_neurobench(file: Path) -> Iterator[dict[str, Any]]:
    """The figures of a result that NeuroBench's own writer made."""
    read = from_json(content_of(file, MOST_BYTES))
    if not isinstance(read, dict) or not read:
        raise ValueError(f"{file.name}: no result of NeuroBench, which is a mapping of metrics")
    flat: dict[str, Any] = {}
    for key, value in read.items():
        inside = value.items() if isinstance(value, dict) else [("", value)]
        flat |= {f"{key} {part}".strip(): number for part, number in inside}
    for key, number in flat.items():
        if isinstance(number, bool) or not isinstance(number, int | float):
            shown = str(number)[:60]
            raise ValueError(f"{file.name}: {key} is {shown!r}, no number")  # noqa: TRY004 - a file's
        yield {
            "system": file.stem,
            "what": f"NeuroBench, {key}",
            "value": float(number),
            "unit": UNITS.get(key, "1"),
            "boundary": "not stated",
            "how": "counted",
            "date": "",
            "source": file.name,
        }
