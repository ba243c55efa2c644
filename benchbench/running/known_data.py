"""Data is looked at before a run: what it is, and how a worker loads it again."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import data as data_room
from benchbench.data import DataSource
from benchbench.data.check import check
from benchbench.data.reference import DataRef
from benchbench.data.source import FerPlus, ferplus_of
from benchbench.errors import DataError
from benchbench.running import launcher
from benchbench.running.cells import Order

if TYPE_CHECKING:
    from benchbench.data import FaceData
    from benchbench.suite.schema import Suite

__all__ = ["Known", "known_data", "looked_at"]

LIMIT_S = 1800.0  # data may have to be downloaded or unpacked by the user's function


@dataclass(frozen=True, slots=True)
class Known:
    """Data that was looked at.

    Attributes:
        reference: How a worker loads it again, and what it was.
        about: What the report says of it.
    """

    reference: DataRef
    about: dict[str, Any]


def known_data(suite: Suite, folder: Path, instead: str | None = None) -> dict[str, Known]:
    """The data of each model, by its id; of the suite itself, as "", where there are no models.

    Faces are read here. All other data is looked at by a worker: code of the user's gives it.

    Args:
        suite: Suite with the settings of this run, and with the models that it has.
        folder: Where the suite's relative paths start.
        instead: Data in place of the suite's, not of a model's own; seen from the working folder.

    Raises:
        DataError: It cannot be read, or its function raised.
    """
    common, place = suite.data, folder
    if instead:
        common, place = DataSource(instead), Path.cwd()
    looked: dict[str, Known] = {}
    found = {}
    for name, own in {model.id: model.data for model in suite.models}.items() or [("", None)]:
        what, where = (own, folder) if own else (common, place)
        plus = ferplus_of(what.source)
        if plus and not plus.images:  # FER+'s labels of the suite's own images
            of_suite = ferplus_of(common.source) or FerPlus(plus.rule, common.source, "")
            what, where = DataSource(of_suite._replace(rule=plus.rule).source), place
        key = repr((what, where))
        if key not in looked:
            looked[key] = looked_at(what, where, suite.settings.seed)
        found[name] = looked[key]
    return found


def looked_at(what: DataSource, folder: Path, seed: int) -> Known:
    """Look at data: faces here, all other data in a worker.

    Args:
        what: Data as it is asked for.
        folder: Where a relative path starts.
        seed: Seed of what is drawn.

    Raises:
        DataError: It cannot be read, or its function raised.
    """
    source = data_room.placed(what.source, folder)
    asked = DataRef(source, "", None, seed, what.set, what.time, what.classes)
    if data_room.kind_of(source) == "faces":
        images = data_room.load(source, seed=seed)
        reference = replace(
            asked,
            source=images.reference,
            digest=images.digest,
            num_classes=images.num_classes,
            samples=len(images),
        )
        return Known(reference, _about(images))
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "look.log"
        outcome = launcher.work(Order("look", data=asked), time_limit_s=LIMIT_S, log=log)
    if outcome.status != "ok":
        # The worker names its own error and the source as well: once is enough.
        raise DataError(source, outcome.reason.removeprefix(f"DataError: {source}: "))
    about = outcome.facts["about"]
    reference = replace(
        asked,
        digest=about["digest"],
        num_classes=len(about["classes"]) or None,
        targets=about.pop("targets"),
        misfit=about.pop("misfit"),
        samples=about["samples"],
    )
    return Known(reference, about)


def _about(data: FaceData) -> dict[str, Any]:
    """What the report says of faces."""
    found = check(data)
    return {
        "name": data.name,
        "source": data.source.rpartition("/")[2],
        "synthetic": data.synthetic,
        "digest": data.digest,
        "samples": len(data),
        "classes": list(data.class_names),
        "warnings": list(data.warnings),
        "distribution": found.distribution,
        "faults": [f"{item.count:,} {item.text}" for item in found.findings if item.count],
    }
