"""A model's identity: its file and every module of the user's that it leads to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchbench import zoo
from benchbench.files import digest_of
from benchbench.zoo.closure import closure

NET = "def net(): ...\n"


def written(root: Path, files: dict[str, str]) -> Path:
    """A folder with these files, first on the import path where a test puts it there."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "text",
    [
        "from lib.act import act\n",
        "from lib import act\n",
        "from .act import *\n",
        "from . import act\n",
        "from .act import act as other\n",
        "import lib.act as a\n",
        "def late():\n    import lib.act\n",
        "try:\n    from lib import act\nexcept ImportError:\n    act = None\n",
        "from .middle import *\n",
        "import importlib\nact = importlib.import_module('lib.act')\n",
        "from importlib import import_module\nact = import_module('.act', __package__)\n",
        "from lib import *\n",
    ],
)
def test_a_changed_helper_is_another_model(place: Path, text: str) -> None:
    """However the model's source spells the import of it."""
    init = '__all__ = ["act"]\n'
    written(place, {"lib/__init__.py": init, "lib/act.py": "act = 'ReLU'\n"})
    written(place, {"lib/middle.py": "from .act import act\n", "lib/net.py": text + NET})
    before = zoo.identity(closure("lib.net:net"))
    assert before == zoo.identity(closure("lib.net:net"))
    (place / "lib" / "act.py").write_text("act = 'Hardtanh'\n")
    assert zoo.identity(closure("lib.net:net")) != before


@pytest.mark.parametrize(
    ("changed", "other"),
    [
        ("parts/act.py", True),  # in a package of its own, and imported when the model is built
        ("parts/__init__.py", True),  # which runs before it
        ("parts/inner/scale.py", True),  # which it imports in turn
        ("parts/unused.py", False),
        ("table.csv", False),  # what a model reads is its user's data, and no code
    ],
)
def test_a_helper_further_down_is_part_of_it(place: Path, changed: str, *, other: bool) -> None:
    """What is imported within a function, in packages below; a file that is only read is not."""
    late = "def net():\n    from .parts import act\n    return open('lib/table.csv').read()\n"
    files = {
        "lib/__init__.py": "",
        "lib/net.py": late,
        "lib/parts/__init__.py": "",
        "lib/parts/act.py": "def act():\n    from .inner import scale\n",
        "lib/parts/inner/__init__.py": "",
        "lib/parts/inner/scale.py": "scale = 1\n",
        "lib/parts/unused.py": "",
        "lib/table.csv": "1\n",
    }
    before = zoo.identity(closure("lib.net:net", written(place, files)))
    (place / "lib" / changed).write_text("x = 2\n")
    assert (zoo.identity(closure("lib.net:net", place)) != before) is other


def test_the_packages_that_a_module_lies_in_are_part_of_it(place: Path) -> None:
    """They run before it, and what they import does too."""
    written(
        place,
        {
            "a/__init__.py": "from a.patch import x\n",
            "a/patch.py": "x = 1\n",
            "a/b/__init__.py": "",
            "a/b/net.py": "from ...beyond import x\n" + NET,
        },
    )
    assert {*closure("a.b.net:net")} == {"a", "a.patch", "a.b", "a.b.net"}


def test_a_file_may_import_what_lies_beside_it_and_a_package(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `python file.py` does; names of namespaces and circles end; what is missing is nothing."""
    written(place, {"space/part/x.py": "import helper\n"})
    written(
        tmp_path / "bench",
        {
            "net.py": "import helper, space.part.x, missing, torch, json\n" + NET,
            "helper.py": "import net, helper\n",
            "unused.py": "",
            "json.py": "",
        },
    )
    monkeypatch.chdir(place)
    found = closure("net.py:net", tmp_path / "bench")
    assert found == {
        "": tmp_path / "bench" / "net.py",
        "net": tmp_path / "bench" / "net.py",
        "helper": tmp_path / "bench" / "helper.py",
        "space.part.x": place / "space" / "part" / "x.py",
    }


def test_a_helper_that_is_no_python_counts_by_its_content(tmp_path: Path) -> None:
    """It is the worker that fails of it."""
    written(tmp_path, {"net.py": "import old\n" + NET, "old.py": "print 'two'\n"})
    before = zoo.identity(closure("net.py:net", tmp_path))
    (tmp_path / "old.py").write_text("print 'three'\n")
    assert zoo.identity(closure("net.py:net", tmp_path)) != before


def test_a_file_alone_is_its_own_digest_as_every_bundled_model_is() -> None:
    """Stored runs and weights of the bundled models keep their names."""
    models = zoo.scan(zoo.bundled_folder())
    assert {name: zoo.identity(closure(name)) for name in models} == {
        name: info.digest for name, info in models.items()
    }


def test_an_installed_model_is_its_own_file() -> None:
    """What it imports is installed with it."""
    code = closure("torch.nn.modules:Linear")
    assert {*code} == {"torch.nn.modules"}
    assert zoo.identity(code) == digest_of(code["torch.nn.modules"])


def test_an_editable_installation_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a path, by a finder, or by a link in site-packages; an ordinary one is installed."""
    site = tmp_path / "lib" / "site-packages"
    written(site, {"plain.py": "", "linked/__init__.py": ""})
    written(tmp_path / "src", {"linked2/__init__.py": "", "by_path.py": ""})
    written(tmp_path / "odd", {"mapped.py": ""})
    (site / "linked2").symlink_to(tmp_path / "src" / "linked2")

    class Finder:
        """As setuptools puts there for a layout that no path can say."""

        @staticmethod
        def find_spec(name: str, *_: object) -> object:
            from importlib.util import spec_from_file_location

            known = {"mapped": tmp_path / "odd" / "mapped.py"}
            return spec_from_file_location(name, known[name]) if name in known else None

    monkeypatch.syspath_prepend(str(tmp_path / "src"))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    text = "import plain, linked, linked2, by_path, mapped\n" + NET
    written(tmp_path / "bench", {"net.py": text})
    assert {*closure("net.py:net", tmp_path / "bench")} == {"", "linked2", "by_path", "mapped"}


def test_what_a_model_loads_beyond_its_source_is_found(
    tmp_path: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A computed name is no text to follow; what was there before or is named is not told."""
    written(place, {"plugin_a.py": "x = 1\n", "named.py": ""})
    text = "import importlib, named\nimportlib.import_module('plugin' + '_a')\n"
    written(tmp_path / "bench", {"net.py": text + NET})
    before, code = {*sys.modules}, closure("net.py:net", tmp_path / "bench")
    assert zoo.unnamed(code, before) == {}
    for name in ("plugin_a", "named"):
        monkeypatch.setitem(sys.modules, name, __import__(name))
    plugin = str(place / "plugin_a.py")
    wanted = {plugin: digest_of(Path(plugin))}
    assert zoo.unnamed(code, before) == wanted
    assert plugin in zoo.unnamed(code)
    assert zoo.unnamed(code, {*sys.modules}) == {}
