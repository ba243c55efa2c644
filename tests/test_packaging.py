"""What a user gets: the wheel's files, the public names, the light start."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import benchbench
from benchbench import errors as errors_module

ROOT = Path(__file__).resolve().parents[1]


def test_the_public_names_are_these() -> None:
    """Nothing is added to or lost from the package's own names unnoticed."""
    functions = ["compare", "count", "energy", "load", "register", "run", "train"]
    kinds = ["Comparison", "Counts", "Fault", "Measurement", "Model", "Results", "Settings"]
    errors = [name for name in errors_module.__all__ if name.endswith("Error")]
    assert [*benchbench.__all__] == sorted(
        [*functions, *kinds, "Suite", "Train", *errors, "__version__"]
    )


@pytest.mark.parametrize(
    "file",
    [file for file in sorted((ROOT / "benchbench").rglob("*.py")) if file.name != "__main__.py"],
    ids=lambda file: str(file.relative_to(ROOT)),
)
def test_every_module_says_what_it_offers(file: Path) -> None:
    """`__all__` has every public function and class of the module, and nothing that is not there.

    A constant is offered where another file needs it, and a name of another module where it is
    offered again.
    """
    tree = ast.parse(file.read_text("utf-8"))
    offered: list[str] = []
    public, others = set[str](), set[str]()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {
                part.id for each in targets for part in ast.walk(each) if isinstance(part, ast.Name)
            }
            others |= names
            if "__all__" in names and node.value is not None:
                offered = ast.literal_eval(node.value)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            public |= set() if node.name.startswith("_") else {node.name}
        elif isinstance(node, ast.ImportFrom):
            others |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            others |= {  # offered when it is first asked for, or of one kind for type checkers
                name
                for item in ast.walk(node)
                for name in (
                    [alias.asname or alias.name for alias in item.names]
                    if isinstance(item, ast.ImportFrom)
                    else [part.id for part in item.targets if isinstance(part, ast.Name)]
                    if isinstance(item, ast.Assign)
                    else []
                )
            }
    assert offered or len(tree.body) == 1  # a docstring alone offers nothing
    assert len(offered) == len({*offered})
    assert {*offered} == public | ({*offered} & others)


@pytest.mark.slow
def test_the_wheel_holds_the_tree_and_no_global_models(tmp_path: Path) -> None:
    """Every tracked source file is in the wheel under benchbench/, and nothing else is."""
    source = tmp_path / "source"  # a copy: what an old build left beside the tree must not count
    source.mkdir()
    for name in ("benchbench", "models", "suites", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, source],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    places = {"benchbench": "benchbench", "models": "benchbench/models"}
    wanted = {
        f"{inside}/{file.relative_to(ROOT / folder)}"
        for folder, inside in places.items()
        for file in (ROOT / folder).rglob("*.py")
    }
    wanted |= {
        f"benchbench/{file.relative_to(ROOT / 'benchbench')}"
        for kind in ("*.jinja", "*.css", "*.js", "*.yaml")
        for file in (ROOT / "benchbench").rglob(kind)
    }
    wanted |= {
        f"benchbench/{file.relative_to(ROOT)}"
        for file in (ROOT / "suites").rglob("*.*")
        if file.is_file() and file.parent.name != "__pycache__"
    }
    assert packed == wanted | {"benchbench/py.typed"}
