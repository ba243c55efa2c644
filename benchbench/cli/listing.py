"""What ``benchbench list`` shows, as plain rows. Imports no torch."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from benchbench import data, extensions, zoo
from benchbench.backends import BACKENDS
from benchbench.data.source import EMBEDDED
from benchbench.errors import ModelError
from benchbench.meters.registry import registrations
from benchbench.metrics.registry import METRICS
from benchbench.metrics.registry import probes as all_probes

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "LISTS",
    "added",
    "backends",
    "data_sets",
    "formats",
    "formulas",
    "frameworks",
    "meters",
    "models",
    "probes",
    "suites",
]


def models(pattern: str, folder: Path | None) -> list[dict[str, Any]]:
    """The zoo's models whose names match a shell wildcard.

    Raises:
        ModelError: None matches.
    """
    found = zoo.scan(zoo.bundled_folder()) | (zoo.scan(folder) if folder else {})
    names = zoo.matching(pattern, found)
    if not names:
        raise ModelError(f"no model matches {pattern!r}; the zoo has {', '.join(found)}")
    return [
        {
            "model": name,
            "what": found[name].summary,
            "settings": ", ".join(f"{item.name}={item.default}" for item in found[name].parameters),
        }
        for name in names
    ]


def suites() -> list[dict[str, Any]]:
    """The bundled suites, with what each takes."""
    from benchbench.suite import loader  # noqa: PLC0415 - the other lists need no YAML

    rows = []
    for name, file in loader.bundled_suites().items():
        suite, _ = loader.load(str(file))
        rows.append(
            {
                "suite": name,
                "title": suite.title,
                "quick": suite.cost.quick,
                "full": suite.cost.full,
                "needs": suite.cost.needs,
                "models": [model.id for model in suite.models],
            }
        )
    return rows


def probes() -> list[dict[str, Any]]:
    """Every figure, by probe."""
    asked_by = {item.name: found.name for found in all_probes().values() for item in found.gives}
    return [
        {
            "name": metric.name,
            "probe": asked_by.get(name, ""),
            "unit": metric.unit,
            "method": metric.method,
            "definition": metric.says,
            "from": _from("probe", asked_by.get(name, "")),
        }
        for name, metric in METRICS.items()
    ]


def _from(kind: str, name: str) -> str:
    """Whose something is: ``benchbench``, or the package and version of an extension."""
    found = {(it.kind, it.name): f"{it.package} {it.version}" for it in extensions.known()}
    if kind == "probe" and (kind, name) not in found:  # it may be made of a formula
        kind, name = "formula", name.removeprefix("modelled_")
    return found.get((kind, name), "benchbench")


def meters() -> list[dict[str, Any]]:
    """Every selector."""
    return [
        {"meter": form, "from": _from("meter", ", ".join(made.forms))}
        for made in registrations()
        for form in made.forms
    ]


def data_sets() -> list[dict[str, Any]]:
    """Every data set that needs no file."""
    names = [*data.data_sets(), *EMBEDDED]
    return [{"data": name, "from": _from("data set", name)} for name in names]


def frameworks() -> list[dict[str, Any]]:
    """Every framework, by the package that a model of it has loaded."""
    from benchbench.frameworks import known  # noqa: PLC0415 - the other lists need none

    return [
        {"framework": name, "neurons": says, "from": _from("framework", name)}
        for name, says in known().items()
    ]


def formulas() -> list[dict[str, Any]]:
    """Every energy model whose costs have a source."""
    from benchbench.formulas.registry import own  # noqa: PLC0415 - the other lists need none

    bases = {formula.figure.name: formula.basis for formula in own()}
    out = []
    for name, metric in METRICS.items():
        if not metric.source:
            continue
        basis = bases.get(name)
        given = basis.parameters.items() if basis else ()
        out.append(
            {
                "formula": name.removeprefix("modelled_"),
                "figure": name,
                "title": metric.title,
                "source": metric.source,
                "technology": basis.technology if basis else "",
                "precision": basis.precision if basis else "",
                "charges for": ", ".join(basis.inside) if basis else "",
                "parameters": ", ".join(f"{key} = {value:g}" for key, value in given),
                "asked": "where a suite names it" if basis and basis.on_demand else "always",
                "from": _from("formula", name.removeprefix("modelled_")),
            }
        )
    return out


def backends() -> list[dict[str, Any]]:
    """Every way to execute a model, with what it covers."""
    return [{"backend": name, "covers": says} for name, says in BACKENDS.items()]


def formats() -> list[dict[str, Any]]:
    """Every report format, by its file or function."""
    from benchbench.report.formats import formats as every  # noqa: PLC0415 - matplotlib and jinja

    return [
        {
            "format": made.__module__.rpartition(".")[2]
            if _from("report format", made.__name__) == "benchbench"
            else made.__name__,
            "from": _from("report format", made.__name__),
        }
        for made in every()
    ]


def added() -> list[dict[str, Any]]:
    """Everything from outside."""
    for rows_of in (probes, meters, data_sets, frameworks, formulas, formats):
        rows_of()  # each reads what packages offer of its kind
    return [asdict(found) for found in extensions.known()]


LISTS = {
    "backends": backends,
    "meters": meters,
    "data": data_sets,
    "frameworks": frameworks,
    "formulas": formulas,
    "formats": formats,
    "extensions": added,
}
