"""Whose code a side of a gate runs: its own tree's, whatever is installed, or it is refused."""

from __future__ import annotations

import json
import sys
import venv
from pathlib import Path

import pytest
from fixtures_gate import git

import benchbench
from benchbench.errors import RevisionError, SideError
from benchbench.gate import revision
from benchbench.gate.process import AgentProcess, Side
from benchbench.gate.provenance import check_modules
from benchbench.gate.trees import has_module, import_roots, modules_of, own_path, tree_of
from benchbench.zoo.origin import loaded_modules, origin_of

NET = """
from torch import nn
from {package}.size import WIDTH

def net():
    return nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, WIDTH))
"""


def written(root: Path, files: dict[str, str]) -> Path:
    """A folder with these files."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def package(place: str, width: int) -> dict[str, str]:
    """A package whose model is as wide as its helper says."""
    return {f"{place}/__init__.py": ""} | portion(place, width, Path(place).name)


def portion(place: str, width: int, name: str) -> dict[str, str]:
    """The same without the file that makes it more than a portion of a namespace."""
    return {
        f"{place}/size.py": f"WIDTH = {width}\n",
        f"{place}/model.py": NET.format(package=name),
    }


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two empty trees, base and candidate; the base lies in the candidate's."""
    base = tmp_path / "repo" / "tmp" / "tree"
    base.mkdir(parents=True)
    return base, tmp_path / "repo"


def test_a_tree_is_imported_before_what_is_installed_and_after_the_standard_library(
    trees: tuple[Path, Path],
) -> None:
    """Folders of the other side's become this side's, but for an environment that lies in it."""
    base, candidate = trees
    installed = str(Path(pytest.__file__).parents[0])
    library = str(Path(sys.modules["json"].__file__ or "").parents[1])
    environment = str(candidate / ".venv" / "lib" / "python3" / "site-packages")
    (base / "src").mkdir()
    path = [environment, library, str(candidate / "python"), str(candidate), installed, "/else"]
    assert own_path(path, base, candidate, origin_of) == [
        library,
        str(base / "src"),
        str(base),
        environment,
        str(base / "python"),
        installed,
        "/else",
    ]


def test_a_src_folder_is_a_root_unless_it_is_a_package(trees: tuple[Path, Path]) -> None:
    """As setuptools sees it."""
    base, _ = trees
    written(base, {"src/pkg/a.py": "", "top.py": ""})
    assert import_roots(base) == [base / "src", base]
    assert [has_module(base, name) for name in ("pkg.a", "top", "pkg", "a")] == [1, 1, 0, 0]
    (base / "src" / "__init__.py").touch()
    assert import_roots(base) == [base]
    assert has_module(base, "src.pkg.a")


def test_a_file_is_of_the_inner_tree(trees: tuple[Path, Path]) -> None:
    """A worktree may lie in the working tree, where TMPDIR does."""
    base, candidate = trees
    assert tree_of(base / "x.py", trees) == base
    assert tree_of(candidate / "x.py", trees) == candidate
    assert tree_of(candidate.parent / "x.py", trees) is None


def test_the_users_modules_and_copies_of_the_trees_tell_whose_code_ran(
    trees: tuple[Path, Path],
) -> None:
    """What is only installed, and the standard library, say nothing."""
    base, candidate = trees
    written(base, {"src/pkg/__init__.py": "", "json.py": ""})
    site = candidate / ".venv" / "lib" / "site-packages"
    loaded = {
        "pkg": site / "pkg" / "__init__.py",
        "mine": candidate / "mine.py",
        "other": site / "other.py",
        "json": loaded_modules()["json"],
    }
    found = modules_of(loaded, trees, origin_of)
    assert found == {"pkg": str(loaded["pkg"]), "mine": str(loaded["mine"])}


@pytest.mark.parametrize(("url", "copies"), [({}, 1), ({"dir_info": {"editable": True}}, 0)])
def test_an_installed_copy_is_known_by_its_project_in_any_layout(
    tmp_path: Path,
    trees: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    url: dict[str, object],
    copies: int,
) -> None:
    """The tree's project has a name; what an editable installation puts there is no copy."""
    base, _ = trees
    written(base, {"pyproject.toml": '[project]\nname = "benched"\n', "python/pkg/a.py": ""})
    site = tmp_path / "site-packages"
    about = {
        "METADATA": "Metadata-Version: 2.1\nName: benched\nVersion: 1\n",
        "RECORD": "pkg/a.py,,\n",
        "direct_url.json": json.dumps(url),
    }
    written(site / "benched-1.dist-info", about)
    monkeypatch.syspath_prepend(str(site))
    found = modules_of({"pkg.a": site / "pkg" / "a.py"}, trees, origin_of)
    assert len(found) == copies


@pytest.mark.parametrize(
    ("name", "file", "words"),
    [
        ("pkg", "repo/src/pkg/__init__.py", "the other side's tree"),
        ("pkg", "repo/.venv/lib/site-packages/pkg/__init__.py", "not from"),
        ("pkg", "another/clone/src/pkg/__init__.py", "not from"),
    ],
)
def test_code_of_another_tree_is_refused(
    tmp_path: Path, trees: tuple[Path, Path], name: str, file: str, words: str
) -> None:
    """The other side's, an installed copy, another clone: with module, file and what to do."""
    base, candidate = trees
    written(candidate, {"src/pkg/__init__.py": ""})
    side = Side("base", base, candidate)
    modules = {"model": str(base / "model.py"), name: str(tmp_path / file)}
    with pytest.raises(SideError, match=f"the base loads {name} from .*{words}.*own") as caught:
        check_modules(side, modules)
    assert caught.value.side == "base"
    assert str(tmp_path / file) in str(caught.value)


def test_what_lies_in_neither_tree_is_told_and_nothing_of_the_tree_is_refused(
    trees: tuple[Path, Path],
) -> None:
    """A library from elsewhere is the same on both sides, and a gate of it alone is none."""
    base, candidate = trees
    side = Side("base", base, candidate)
    helper, ours = {"helper": "/elsewhere/helper.py"}, {"benchbench.zoo": benchbench.__file__}
    own = {"model": str(base / "model.py")}
    assert check_modules(side, own | helper | ours) == ["helper (/elsewhere/helper.py)"]
    with pytest.raises(SideError, match="the base loads nothing from"):
        check_modules(side, helper | ours)
    other = Side("base", base, candidate, python="/environment/bin/python")
    assert check_modules(other, helper) == ["helper (/elsewhere/helper.py)"]


def environment(place: Path, files: dict[str, str]) -> str:
    """A Python that has what this one has, and these files in its own site-packages."""
    venv.create(place)
    (site,) = place.glob("lib/python*/site-packages")
    written(site, files)
    inherited = [path for path in sys.path if path.endswith("site-packages")]
    lines = [f"import site; site.addsitedir({path!r})\n" for path in inherited]
    (site / "inherited.pth").write_text("".join(lines))
    return str(place / "bin" / "python")


FINDER = """
import sys
from importlib.util import spec_from_file_location

class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "mapped":
            return spec_from_file_location(name, {place!r})

sys.meta_path.append(Finder)
"""


@pytest.mark.slow
def test_a_base_runs_its_own_tree_under_every_installation(
    tmp_path: Path, trees: tuple[Path, Path]
) -> None:
    """Editable in a src layout, ordinary copies, a namespace, a file with its package; or refused.

    Copies are of packages at the top and in a src layout; the namespace is installed in part.
    """
    base, candidate = trees
    for tree, width in ((base, 3), (candidate, 5)):
        written(tree, package("src/edited", width) | package("copied", width))
        written(tree, package("src/plain", width) | portion("src/sp/part", width, "sp.part"))
        written(tree, package("odd/mapped", width) | {"queue.py": "raise RuntimeError\n"})
        written(tree, {"bench/own.py": NET.format(package="edited")})
        written(tree, {"pyproject.toml": '[project]\nname = "benched"\n'})
    mapped = str(candidate / "odd" / "mapped" / "__init__.py")
    python = environment(
        tmp_path / "environment",
        package("copied", 7)
        | package("plain", 7)
        | portion("sp/part", 7, "sp.part")
        | {
            "__editable__.benched.pth": f"{candidate / 'src'}\nimport benched_finder\n",
            "benched_finder.py": FINDER.format(place=mapped),
            "benched-1.dist-info/METADATA": "Metadata-Version: 2.1\nName: benched\nVersion: 1\n",
            "benched-1.dist-info/RECORD": "benched_finder.py,,\n",
            "benched-1.dist-info/direct_url.json": '{"dir_info": {"editable": true}}',
        },
    )
    workload = {
        "set": {},
        "folder": str(base / "bench"),
        "num_classes": 7,
        "device": "cpu",
        "data": {"source": "synthetic_faces", "seed": 0},
        "batch_size": 1,
        "seed": 0,
        "threads": 1,
    }
    with AgentProcess(Side("base", base, candidate, python), tmp_path / "log", 120.0) as process:
        for name in ("edited.model", "copied.model", "plain.model", "sp.part.model", "own.py"):
            model = f"{name}:net"
            order = workload | {"model": model}
            found = process.ask("count", workload=order, phases=[], figures=["params"])
            assert found["figures"]["params"]["value"] == 3 * (48 * 48 + 1), model
        assert found["modules"]["edited.size"] == str(base / "src" / "edited" / "size.py")
        assert process.outside == set()
        written(base, {"bench/odd.py": NET.format(package="mapped")})
        order = workload | {"model": "odd.py:net"}
        with pytest.raises(SideError, match=r"the base loads mapped from .*the other side's tree"):
            process.ask("count", workload=order, phases=[], figures=["params"])


def test_submodules_are_filled_from_the_checkout(tmp_path: Path, repository: Path) -> None:
    """The base has the commit that it names; nothing is fetched; one that is not here is told."""
    inner = tmp_path / "inner"
    git(tmp_path, "init", "-q", "-b", "main", str(inner))
    written(inner, {"helper.py": "WIDTH = 1\n"})
    git(inner, "add", "-A")
    git(inner, "commit", "-qm", "one")
    add = ("-c", "protocol.file.allow=always", "submodule", "--quiet", "add")
    git(repository, *add, str(inner), "libs/inner")
    git(repository, "commit", "-qm", "a submodule")
    base = git(repository, "rev-parse", "HEAD")
    here = repository / "libs" / "inner"
    written(here, {"helper.py": "WIDTH = 2\n"})
    git(here, "commit", "-qam", "two")
    git(repository, "commit", "-qam", "the submodule is newer")
    with revision.checked_out(repository, base) as tree:
        assert revision.add_submodules(repository, base, tree) == []
        assert (tree / "libs" / "inner" / "helper.py").read_text() == "WIDTH = 1\n"
    git(repository, "update-index", "--cacheinfo", f"160000,{'0' * 39}1,libs/inner")
    git(repository, "commit", "-qm", "a commit that nobody has")
    with (
        revision.checked_out(repository, "HEAD") as tree,
        pytest.raises(RevisionError, match="submodule libs/inner has no commit 000000000000 here"),
    ):
        revision.add_submodules(repository, "HEAD", tree)
    git(repository, "submodule", "--quiet", "deinit", "--force", "libs/inner")
    with revision.checked_out(repository, base) as tree:
        (told,) = revision.add_submodules(repository, base, tree)
    assert told == "submodule libs/inner is not checked out here, and is empty in the base"


PIP = """#!/bin/sh
printf '%s\\n' "$@" > {log}
"""


def test_a_base_with_an_environment_of_its_own_gets_what_the_agent_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project that never heard of benchbench: its needs are resolved together with ours."""
    real, log = venv.create, tmp_path / "words"

    def create(place: Path, **_: object) -> None:
        real(place)  # without pip: a real one takes half a minute
        python = place / "bin" / "python"
        python.rename(place / "bin" / "real")
        python.write_text(PIP.format(log=log))
        python.chmod(0o755)

    monkeypatch.setattr(revision.venv, "create", create)
    tree = written(tmp_path / "a" / "tree", {"pyproject.toml": '[project]\nname = "mine"\n'})
    python = Path(revision.interpreter(tree, "own"))
    words = log.read_text().splitlines()
    assert words[:6] == ["-m", "pip", "install", "--quiet", "--editable", str(tree)]
    assert any(word.startswith("torch>") for word in words)
    assert not any("extra" in word for word in words)
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    assert (site / "benchbench").resolve() == Path(benchbench.__file__).parent

    tree = written(tmp_path / "b" / "tree", {"requirements.txt": "torch\n"})
    revision.interpreter(tree, "own")
    words = log.read_text().splitlines()
    assert words[4:6] == ["--requirement", str(tree / "requirements.txt")]

    tree = written(tmp_path / "c" / "tree", {"pyproject.toml": "", "benchbench/__init__.py": ""})
    python = Path(revision.interpreter(tree, "own"))
    assert log.read_text().splitlines()[4:] == ["--editable", str(tree)]
    assert not [*python.parents[1].glob("lib/python*/site-packages/benchbench")]
