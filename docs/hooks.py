"""What the pages say of figures, suite files and commands, written from their declarations.

MkDocs calls `on_page_markdown` for each page; a line `<!-- generated: NAME -->` becomes what `NAME`
stands for in `GENERATED`.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from benchbench.cli import listing
from benchbench.cli.main import group
from benchbench.formulas.registry import own
from benchbench.metrics.measurement import Method
from benchbench.metrics.registry import METRICS
from benchbench.suite import loader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

__all__ = ["GENERATED", "commands", "fields", "figures", "formulas", "on_page_markdown", "suites"]

ROOT = Path(__file__).resolve().parents[1]
MARKER = re.compile(r"^<!-- generated: (\S+) -->$", re.MULTILINE)
BACKQUOTED = re.compile(r"``(.+?)``|(?<!`)`([A-Za-z_.]+)`(?!`)")

HOW = {
    "counted": "Counted: exact arithmetic over the model and its data. No clock and no sensor can "
    "change it.",
    "timed": "Timed: by a clock, in fresh processes that take turns, with an interval over them.",
    "metered": "Metered: read from a sensor of this machine, or `n/a` with the reason.",
    "modelled": "Modelled: a formula over counts, with constants that somebody published. It is no "
    "measurement, and is never mixed with one.",
    "quoted": "Quoted: taken from a publication, as the suite file says; benchbench declares no "
    "figure of its own of this kind.",
}
OTHERWISE = {"input": "Random numbers of this shape in place of `data`, e.g. `3x32x32`."}
RESTS_ON = {"model": "the model alone", "data": "model and data", "machine": "the machine as well"}


def cell(value: object) -> str:
    """A value as it may stand in a table of Markdown."""
    text = " ".join(str(value).split()).replace("|", "\\|")
    text = BACKQUOTED.sub(lambda found: f"`{found[1] or found[2]}`", text)
    parts = text.split("`")  # what stands between two of them is code, and shown as it is
    return "`".join(
        part if place % 2 else part.replace("<", "&lt;") for place, part in enumerate(parts)
    )


def table(header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table of Markdown."""
    head = [*header]
    lines = [head, ["---"] * len(head), *([cell(it) for it in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figures() -> str:
    """Every declared figure, by how it is got."""
    parts = []
    for method in get_args(Method):
        rows = [
            (
                f"`{it.name}`",
                it.title,
                "a count or a share" if it.unit == "1" else f"`{it.unit}`",
                it.says + (f" (source: {it.source})" if it.source else ""),
                it.better,
                RESTS_ON[it.rests_on],
            )
            for it in METRICS.values()
            if it.method == method
        ]
        parts += [f"### {method.capitalize()}", HOW[method]]
        header = ("name", "title", "unit", "definition", "better", "rests on")
        parts += [table(header, rows)] if rows else []
    return "\n\n".join(parts)


def formulas() -> str:
    """Every energy model, with what it charges for."""
    rows = [
        (
            f"`{it.figure.name}`",
            it.basis.technology,
            it.basis.precision,
            ", ".join(it.basis.inside),
            it.figure.source,
        )
        for it in own()
    ]
    return table(("figure", "technology", "precision", "charges for", "source"), rows)


def suites() -> str:
    """The bundled suites, with what each takes."""
    rows = (
        (f"`{it['suite']}`", it["title"], it["quick"], it["full"], it["needs"])
        for it in listing.suites()
    )
    return table(("suite", "what it is", "quick form", "full form", "needs"), rows)


def fields() -> str:
    """Every key of a suite file, from the JSON Schema that `benchbench validate` goes by."""
    schema = json.loads(loader.json_schema())
    parts = ["### The file", _keys(schema)]
    for name, one in sorted(schema["$defs"].items()):
        parts += [f"### {name}", one["description"].partition("\n\n")[0], _keys(one)]
    return "\n\n".join(parts)


def _keys(schema: Mapping[str, Any]) -> str:
    says, required = _attributes(schema["description"]), schema.get("required", ())
    rows = (
        (
            f"`{name}`",
            _kind(one),
            "required" if name in required else _default(one),
            says.get(name) or OTHERWISE[name],
        )
        for name, one in schema["properties"].items()
    )
    return table(("key", "type", "default", "what it says"), rows)


def _attributes(text: str) -> dict[str, str]:
    """What a docstring of Google's style says of each attribute."""
    found, name = defaultdict[str, str](str), ""
    for line in text.partition("Attributes:\n")[2].splitlines():
        if start := re.match(r" {4}(\w+): (.*)", line):
            name, rest = start.groups()
            found[name] = rest
        elif name and line.startswith(" " * 8):
            found[name] += f" {line.strip()}"
        elif line.strip():
            break
    return found


def _kind(schema: Mapping[str, Any]) -> str:
    """The type of a key, in words."""
    if "anyOf" in schema:
        return " or ".join(_kind(it) for it in schema["anyOf"] if it.get("type") != "null")
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{it}`" for it in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    kinds = {"object": "mapping", "string": "text", "boolean": "yes or no"}
    return kinds.get(schema.get("type", ""), schema.get("type", "any value"))


def _default(schema: Mapping[str, Any]) -> str:
    default = schema.get("default")
    empty = default is None or default in ("", [], {}) or isinstance(default, dict)
    return "" if empty else f"`{json.dumps(default)}`"


def commands() -> str:
    """Every command with its options, from the command line itself."""
    return "\n\n".join(part for it in _walk(group, "benchbench") for part in it)


def _walk(command: click.Command, words: str) -> Iterator[list[str]]:
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield from _walk(below, f"{words} {name}")
        return
    context = click.Context(command, info_name=words)
    arguments = [it for it in command.params if isinstance(it, click.Argument)]
    usage = " ".join([words, *(it.make_metavar(context) for it in arguments)])
    told = (it.get_help_record(context) for it in command.params if isinstance(it, click.Option))
    options = [(f"`{option}`", says) for option, says in filter(None, told)]
    text = "\n\n".join(cell(part) for part in (command.help or "").split("\n\n"))
    yield [f"### {words}", f"`{usage}`", text, table(("option", "what it does"), options)]


def security() -> str:
    """SECURITY.md, but for its title."""
    return (ROOT / "SECURITY.md").read_text("utf-8").partition("\n")[2].strip()


GENERATED = {
    "commands": commands,
    "figures": figures,
    "formulas": formulas,
    "security": security,
    "suite-fields": fields,
    "suites": suites,
}


def on_page_markdown(markdown: str, **_: object) -> str:
    """Fill the generated places of a page; called by MkDocs."""
    return MARKER.sub(lambda found: GENERATED[found[1]](), markdown)
