"""Count every model of the corpus, and list who agrees.

    python tests/corpus/make_corpus.py --out reports/corpus

A count is right where the published figure and the one worked out by hand say the same, each as far
as it is there, and at least one of both or an independent counter does. The command fails where a
count is wrong or missing, or where a refusal does not say what to do.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import time
import warnings
from collections import Counter
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from corpus_table import Row, judged, written
from independent_counters import counted_by

import benchbench

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from corpus_entry import Entry

__all__ = ["FAMILIES", "checked", "entries_of"]

FAMILIES = ("torch", "torch_odd", "spikingjelly", "transformers", "torchvision")
PACKAGES = ("torch", "torchvision", "transformers", "spikingjelly", "fvcore")


def entries_of(families: Sequence[str]) -> Iterator[Entry]:
    """The models of these families, one file each."""
    for family in families:
        yield from importlib.import_module(f"of_{family}").entries()


def checked(entry: Entry) -> Row:
    """Count one model by benchbench, then by the independent counters, and judge it."""
    torch.manual_seed(0)
    inputs = entry.inputs()
    try:
        counts = benchbench.count(entry.build, inputs)
        found = counts["macs_dense"]
        macs = found.value
        reason = "; ".join(found.reasons) if macs is None else ""
        params, notes = counts["params"].value, found.reasons
    except benchbench.BenchbenchError as error:
        macs, reason, params, notes = None, f"{type(error).__name__}: {error}", None, ()
    batch = torch.rand(1, *inputs) if isinstance(inputs, tuple) else inputs[:1]
    model = entry.build()
    own = sum(parameter.numel() for parameter in model.parameters())
    others = counted_by(model, batch) if macs is not None else {}
    return judged(
        entry,
        macs=macs,
        reason=reason,
        notes=notes if macs is not None else (),
        params=(params, own if entry.params is None else entry.params),
        others=others,
        shape=tuple(batch.shape[1:]),
    )


def main() -> None:
    """Count, print a line a model, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, help="folder of the table; none is written without")
    parser.add_argument("--family", choices=FAMILIES, action="append", help="this one alone")
    parser.add_argument("--only", default="", help="models with this in their names alone")
    args = parser.parse_args()
    warnings.simplefilter("ignore")  # libraries warn of themselves, and tracing of everything
    rows, began = [], time.monotonic()
    for entry in entries_of(args.family or FAMILIES):
        if args.only in entry.name:
            row = checked(entry)
            rows.append(row)
            print(row.line(), flush=True)
    if args.out:
        written(rows, {name: version(name) for name in PACKAGES}, args.out)
    verdicts = Counter(row.verdict for row in rows)
    took_s = round(time.monotonic() - began)
    print(json.dumps({"models": len(rows), **verdicts, "took_s": took_s}))
    sys.exit(any(row.fault for row in rows))


if __name__ == "__main__":
    main()
