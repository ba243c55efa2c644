"""However a user names a model, it is found as Python would find it, or the sentence says why."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING

import pytest

from benchbench import zoo
from benchbench.errors import ModelError
from benchbench.zoo.closure import closure

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NET = "import torch\ndef net(width: int = 4): return torch.nn.Linear(width, 7)\n"
OTHER = NET.replace("torch.nn.Linear(width, 7)", "torch.nn.Linear(width, 9)")


def write(folder: Path, **files: str) -> Path:
    """Files by name, dots for slashes."""
    for name, text in files.items():
        file = folder / (name.replace("__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the import path, of which nothing stays loaded."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield tmp_path
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def test_what_torchvision_exports_by_star() -> None:
    """Its settings are those of the function where it is defined."""
    info = zoo.find("torchvision.models:resnet18")
    assert [parameter.name for parameter in info.parameters] == ["weights", "progress"]
    assert info.open
    built = zoo.build("torchvision.models:resnet18", {"weights": None})
    assert sum(p.numel() for p in built.parameters()) == 11_689_512


@pytest.mark.parametrize(
    "init",
    [
        "from .inner import *\n",
        "from .inner import net\n",
        "from .inner import net as net\n",
        "from .between import *\n",
        "from refs_pack.inner import *\n",
        "from . import inner\nfrom .inner import *\n",
    ],
)
def test_a_name_is_followed_to_its_definition(place: Path, init: str) -> None:
    """Through relative, absolute and star imports, with its settings checked."""
    write(place, refs_pack__inner=NET, refs_pack__between="from .inner import net\n")
    (place / "refs_pack" / "__init__.py").write_text(init)
    info = zoo.find("refs_pack:net")
    assert [parameter.name for parameter in info.parameters] == ["width"]
    assert info.check({"witdh": 3})[0][1].startswith("net has no setting 'witdh'")
    assert zoo.build("refs_pack:net", {"width": 5}).in_features == 5
    assert place / "refs_pack" / "inner.py" in closure("refs_pack:net").values()


def test_a_circle_of_star_imports_ends(place: Path) -> None:
    """Two modules that export each other, and neither has the name."""
    write(place, round__a="from .b import *\n", round__b="from .a import *\n")
    (place / "round" / "__init__.py").write_text("from .a import *\n")
    with pytest.raises(ModelError, match="has no 'net'"):
        zoo.find("round:net")


def test_a_file_imports_the_one_beside_it(tmp_path: Path) -> None:
    """As `python file.py` does, also when it imports late; the neighbour is part of it."""
    write(
        tmp_path, beside_late="width = 3\n", beside_now="import torch\nLinear = torch.nn.Linear\n"
    )
    code = "from beside_now import Linear\ndef net():\n    import beside_late\n"
    write(tmp_path, own=code + "    return Linear(beside_late.width, 7)\n")
    reference = f"{tmp_path / 'own.py'}:net"
    assert zoo.build(reference, {}).in_features == 3
    names = {file.name for file in closure(reference).values()}
    assert names == {"own.py", "beside_late.py", "beside_now.py"}


def test_two_neighbours_of_one_name_are_never_mixed_up(tmp_path: Path) -> None:
    """The second is refused in this process, rather than built from the first one's code."""
    use = "import the_neighbour\ndef net(): return the_neighbour.net()\n"
    write(tmp_path / "a", use=use, the_neighbour=NET)
    write(tmp_path / "b", use=use + "\n", the_neighbour=OTHER)
    assert zoo.build(f"{tmp_path / 'a' / 'use.py'}:net", {}).out_features == 7
    with pytest.raises(ModelError, match=r"imports 'the_neighbour' from beside it.*process of its"):
        zoo.build(f"{tmp_path / 'b' / 'use.py'}:net", {})


def test_a_neighbour_named_like_the_standard_library_does_no_harm(tmp_path: Path) -> None:
    """And a mere folder named like an installed package hides nothing."""
    (tmp_path / "torchvision").mkdir()
    write(tmp_path, queue="raise SystemExit('shadowed')\n", random="1 / 0\n")
    text = "import queue, random, torchvision\nassert queue.Queue and torchvision.models\n"
    write(tmp_path, std=text + NET)
    assert zoo.build(f"{tmp_path / 'std.py'}:net", {}).out_features == 7


def test_relative_imports_of_a_file_say_the_name_to_write(place: Path) -> None:
    """What it says then works."""
    write(place, whole__part__net="from .inner import net\n", whole__part__inner=NET)
    for folder in ("whole", "whole/part"):
        (place / folder / "__init__.py").touch()
    file = place / "whole" / "part" / "net.py"
    with pytest.raises(ModelError, match=r"name it as Python does, whole\.part\.net:net,"):
        zoo.find(f"{file}:net")
    assert zoo.find("whole.part.net:net").parameters[0].name == "width"
    (place / "whole" / "part" / "__init__.py").unlink()
    with pytest.raises(ModelError, match=r"as Python does, part\.net:net,"):
        zoo.find(f"{file}:net")


def test_an_editable_installation_with_a_finder_of_its_own(place: Path, tmp_path: Path) -> None:
    """Setuptools maps names to folders by a finder on the meta path."""
    write(tmp_path / "elsewhere", mapped__net=NET)
    (tmp_path / "elsewhere" / "mapped" / "__init__.py").touch()

    class Finder:
        """What setuptools writes, in short."""

        @staticmethod
        def find_spec(name: str, _path: object = None, _target: object = None) -> object:
            file = tmp_path / "elsewhere" / "mapped" / "__init__.py"
            if name != "the_mapped":
                return None
            places = [str(file.parent)]
            return importlib.util.spec_from_file_location(
                name, file, submodule_search_locations=places
            )

    sys.meta_path.append(Finder)
    try:
        assert zoo.find("the_mapped.net:net").file == tmp_path / "elsewhere" / "mapped" / "net.py"
    finally:
        sys.meta_path.remove(Finder)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("~nobody_here/x.py:net", "no file ~nobody_here/x.py"),
        ("torch.nn.functional.deeper:net", "torch.nn.functional is no package"),
        ("nowhere_at_all.x:net", "searched 'nowhere_at_all'"),
        ("torchvision.models:resnet81", "has no 'resnet81'"),
        ("torch._C:net", "no Python source"),
    ],
)
def test_what_is_not_there_is_one_sentence(reference: str, said: str, tmp_path: Path) -> None:
    """Never a traceback."""
    with pytest.raises(ModelError) as caught:
        zoo.find(reference)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
