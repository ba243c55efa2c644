"""Who wins, by how much and how surely: one sentence a comparison, from the statistics alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from benchbench.metrics.place import apart, spots
from benchbench.metrics.registry import METRICS
from benchbench.report.banner import is_random
from benchbench.report.findings import (
    HeadlineFinding,
    accuracy_finding,
    digits,
    ratio_finding,
)
from benchbench.report.format import model_title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchbench.metrics.measurement import Measurement
    from benchbench.results.schema import Results

__all__ = ["Headline", "headlines", "where_measured"]

RANKS = {
    "infer_fps": "fastest inference",
    "train_fps": "fastest training",
    "infer_energy": "least energy of an inference",
    "accuracy": "most accurate",
}
MOST_MODELS = 4  # of a suite that names no pairs: of more the first places are told


@dataclass(frozen=True, slots=True)
class Headline:
    """A comparison of two models.

    Attributes:
        of: Title of the first model.
        to: Title of the model that it is compared with; empty where a run has one model.
        findings: What was found, the most asked for first.
        lead: What the comparison is the first place of; empty where a suite names the two.
    """

    of: str
    to: str
    findings: tuple[HeadlineFinding, ...]
    lead: str = ""

    @property
    def title(self) -> str:
        """Who is compared with whom."""
        both = f"{self.of} against {self.to}" if self.to else self.of
        return f"{self.lead}: {both}" if self.lead else both

    @property
    def sentence(self) -> str:
        """One sentence, e.g. ``A against B: trains 1.57 x [1.38, 1.80] as fast; energy: ...``."""
        return f"{self.title}: {'; '.join(it.sentence for it in self.findings)}."


def headlines(results: Results) -> tuple[Headline, ...]:
    """The comparisons that a suite asks for.

    Where it asks for none: its models by turns; of many the first places; of one what it has.
    """
    here = [cell.model for cell in results.cells]
    pairs = _pairs(results)
    if not pairs and len(here) == 1:
        made = [_alone(results, here[0])]
    elif not pairs and len(here) > MOST_MODELS:
        made = [*_first_places(results)]
    else:
        made = [_headline(results, of, to) for of, to in pairs or pairwise(here)]
    return tuple(it for it in made if it.findings)


def where_measured(results: Results) -> str:
    """On what machine and data, and out of how many processes."""
    machine, settings = results.fingerprint, results.suite.settings
    gpus = [str(it) for it in machine.get("gpus", ())]
    devices = dict.fromkeys(cell.device for cell in results.cells)
    on_gpu = any(device != "cpu" for device in devices)
    processor = ", ".join(gpus) if on_gpu and gpus else str(machine.get("cpu", "unknown machine"))
    if not on_gpu and (cores := machine.get("cores")):
        processor += f" ({cores} cores)"
    data = ", ".join(dict.fromkeys(map(_data, results.all_data)))
    quick = "quick run; " if results.run["mode"] == "quick" else ""
    times = f"{settings.repeats} processes a model" if settings.repeats else "nothing timed"
    return f"Measured on {processor}; data: {data}; {quick}{times}; brackets are 95 % intervals."


def _data(it: Mapping[str, Any]) -> str:
    """A data set's name, and that it is drawn."""
    return f"{it['name']}, drawn" if it["synthetic"] and not is_random(it["name"]) else it["name"]


def _pairs(results: Results) -> list[tuple[str, str]]:
    """Ids of what the suite compares with what, of the models that are here."""
    suite = results.suite
    here = {cell.model for cell in results.cells}
    wanted = [table.ratio for table in suite.tables if table.ratio]
    wanted += [(it.of, it.to) for claim in suite.claims if (it := claim.measure)]
    wanted += [(its.of, its.to) for claim in suite.claims if (its := claim.difference)]
    return [pair for pair in dict.fromkeys(wanted) if {*pair} <= here]


def _first_places(results: Results) -> Iterator[Headline]:
    """The best of each figure that is asked for most, against the next one."""
    for metric, lead in RANKS.items():
        better = -1 if METRICS[metric].better == "higher" else 1
        found = [(cell, cell.measurements.get(metric)) for cell in results.cells]
        valid = [(cell, it) for cell, it in found if it and it.valid and it.value is not None]
        # Only of those that may be set against each other: the most of one place, on the same data.
        by_place: dict[tuple[object, str], list[tuple[Measurement, str]]] = {}
        for cell, it in valid:
            by_place.setdefault((spots(it), cell.data), []).append((it, cell.model))
        near = [
            [
                it
                for (_, data), of in by_place.items()
                if data == mine and not apart(one[0][0], of[0][0])
                for it in of
            ]
            for (_, mine), one in by_place.items()
        ]
        usable = [(it.value or 0.0, model) for it, model in max(near, key=len, default=[])]
        if len(usable) < 2:
            continue
        (_, of), (_, to) = sorted(usable, key=lambda it: better * it[0])[:2]
        one, other = _titles(results, of, to)
        if metric == "accuracy":
            given = [*accuracy_finding(results, of, to)]
        else:
            given = [it for it in (ratio_finding(results, metric, of, to),) if it]
        compared = any(it.outlook != "not measured" for it in given)
        yield Headline(one, other, tuple(given), lead if compared else "")


def _alone(results: Results, model: str) -> Headline:
    """What there is of the one model of a run."""
    found = []
    for metric in ("accuracy", "infer_fps", "train_fps", "infer_energy", "macs_dense", "params"):
        it = results.figure(model, metric)
        if it is None or it.value is None or not it.valid:
            continue
        declared = METRICS[metric]
        scale, unit = (100, " %") if metric == "accuracy" else (1, f" {declared.unit}")
        text = digits(it.value * scale) + (unit if declared.unit != "1" or scale > 1 else "")
        if it.low is not None and it.high is not None:
            text += f" [{digits(it.low * scale)}, {digits(it.high * scale)}]"
        found.append(HeadlineFinding(metric, f"{declared.title.lower()} {text}", "no interval"))
    return Headline(results.suite.model(model).title, "", tuple(found))


def _titles(results: Results, *models: str) -> list[str]:
    """Who is compared, each with its data where that is not the same."""
    cells = [cell for model in models if (cell := results.cell(model))]
    on = [f" (on {_data(results.data_of(cell))})" for cell in cells]
    if len({cell.data for cell in cells}) < 2:
        on = [""] * len(cells)
    return [model_title(results, cell) + it for cell, it in zip(cells, on, strict=True)]


def _headline(results: Results, of: str, to: str) -> Headline:
    one, other = _titles(results, of, to)
    found = [*_failed(results, of, to), *_speeds(results, of, to)]
    found += [*_energy(results, of, to), *accuracy_finding(results, of, to)]
    work = [
        ratio_finding(results, name, of, to) for name in ("macs_effective", "macs_dense", "params")
    ]
    found += [it for it in work if it and it.outlook != "not measured"]
    return Headline(one, other, tuple(found))


def _failed(results: Results, *models: str) -> Iterator[HeadlineFinding]:
    """The models of a comparison that did not come to their end."""
    for cell in results.failed:
        if cell.model in models:
            text = f"{results.suite.model(cell.model).title} failed: {cell.status}"
            yield HeadlineFinding("", text, "not measured", "; ".join(cell.reasons[:1]))


def _speeds(results: Results, of: str, to: str) -> Iterator[HeadlineFinding]:
    for name in ("train_fps", "infer_fps", "latency"):
        if found := ratio_finding(results, name, of, to):
            yield found


def _energy(results: Results, of: str, to: str) -> Iterator[HeadlineFinding]:
    """Of each phase that was metered, also where it must not be compared; else that none was."""
    metered = False
    for name in ("train_energy", "infer_energy"):
        figures = [results.figure(model, name) for model in (of, to)]
        if any(it and it.value is not None for it in figures):
            found = ratio_finding(results, name, of, to)
            yield from [found] if found else []
            metered = True
    if not metered:  # why not stands in the banner
        yield HeadlineFinding("infer_energy", "energy: not metered here", "not measured")
