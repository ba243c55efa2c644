"""The pages of docs/ are complete, and lead where they say."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_docs import PAGES, ROOT

import benchbench
from benchbench.cli.main import group
from benchbench.files import module_at
from benchbench.formulas.registry import own
from benchbench.metrics.registry import METRICS
from benchbench.suite import loader

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
MARKER = re.compile(r"<!-- generated: (\S+) -->")


@pytest.fixture(scope="module")
def hooks() -> Any:
    """The module that MkDocs is told to ask."""
    return module_at(DOCS / "hooks.py", "hooks_of_docs")


def page(hooks: Any, name: str) -> str:
    """A page as MkDocs gets it."""
    return str(hooks.on_page_markdown((DOCS / name).read_text("utf-8")))


def test_every_figure_is_defined(hooks: Any) -> None:
    """Each declared figure has one line with its definition, unit and direction."""
    lines = page(hooks, "figures.md").splitlines()
    for name, figure in METRICS.items():
        (line,) = [it for it in lines if it.startswith(f"| `{name}` |")]
        assert hooks.cell(figure.says) in line
        assert figure.title in line
        assert f"| {figure.better} |" in line


def test_every_formula_says_what_it_charges_for(hooks: Any) -> None:
    """Each has its line with its source."""
    text = page(hooks, "energy.md")
    for formula in own():
        (line,) = [it for it in text.splitlines() if it.startswith(f"| `{formula.figure.name}` |")]
        assert hooks.cell(formula.figure.source) in line


def test_every_key_of_a_suite_is_described(hooks: Any) -> None:
    """Of the committed schema, with a sentence each."""
    schema = json.loads((loader.bundled_suites()["table3"].with_name("schema.json")).read_text())
    text = page(hooks, "suites.md")
    for name, one in {"The file": schema, **schema["$defs"]}.items():
        part = text.partition(f"\n### {name}\n")[2].partition("\n### ")[0]
        for key in one["properties"]:
            (line,) = [it for it in part.splitlines() if it.startswith(f"| `{key}` |")]
            assert line.split(" | ")[-1].strip(" |"), f"{name}.{key}"


def test_every_suite_and_command_is_there(hooks: Any) -> None:
    """By their names."""
    for name in loader.bundled_suites():
        assert f"\n| `{name}` |" in page(hooks, "suites.md")
    text = page(hooks, "commands.md")
    for name in group.commands:
        assert re.search(rf"^### benchbench {name}\b", text, re.MULTILINE), name


def test_every_option_has_its_values_its_default_and_what_it_does(hooks: Any) -> None:
    """As `--help` has them; a repeated argument and one that may be left out are told too."""
    text = page(hooks, "commands.md")
    rows = [it for it in text.splitlines() if it.startswith("| `-")]
    assert len(rows) > 100
    assert not [it for it in rows if it.endswith("|  |")]
    assert any("`--epochs INTEGER RANGE`" in it and "[default: 100; x>=1]" in it for it in rows)
    assert any("`--device auto\\|cpu\\|cuda[:N]`" in it for it in rows)
    assert "`benchbench report RUN...`" in text
    assert "`benchbench gate [SUITE]`" in text


def test_every_public_name_is_shown() -> None:
    """The page of Python has each function and class of `benchbench.__all__`."""
    text = (DOCS / "python.md").read_text("utf-8")
    shown = re.findall(r"^::: (\S+)", text, re.MULTILINE)
    for name in benchbench.__all__:
        if name.startswith("__"):
            continue
        made = getattr(benchbench, name)
        assert f"{made.__module__}.{name}" in shown or made.__module__ in shown, name


def test_every_generated_place_has_its_maker(hooks: Any) -> None:
    """And every maker has its place."""
    asked = [name for file in PAGES for name in MARKER.findall(file.read_text("utf-8"))]
    assert sorted(asked) == sorted(hooks.GENERATED)


def test_the_menu_has_every_page() -> None:
    """And no page that there is not."""
    text = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nnav:\n")[2]
    assert sorted(re.findall(r"[\w-]+\.md", text)) == sorted(it.name for it in DOCS.glob("*.md"))


def anchors(hooks: Any, file: Path) -> set[str]:
    """What a heading is called in a link."""
    text = hooks.on_page_markdown(file.read_text("utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head).strip().lower().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("file", PAGES, ids=[it.name for it in PAGES])
def test_a_link_leads_somewhere(file: Path, hooks: Any) -> None:
    """To a file of this repository, and to a heading that it has."""
    text = hooks.on_page_markdown(file.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("http"):
            continue
        name, _, anchor = target.partition("#")
        place = (file.parent / name) if name else file
        assert place.exists(), target
        if anchor:
            assert anchor in anchors(hooks, place), target


def test_ten_questions_are_one_click_away() -> None:
    """Each line of the table of questions leads to a heading."""
    part = (DOCS / "index.md").read_text("utf-8").partition("## Ten questions")[2]
    lines = [it for it in part.partition("\n## ")[0].splitlines() if it.startswith("| ")][2:]
    assert len(lines) == 10
    assert all(re.search(r"\]\([\w-]+\.md#[\w-]+\)", line) for line in lines)
