"""What `import benchbench` costs, and what stands under its names ever after."""

from __future__ import annotations

import subprocess
import sys

import pytest

import benchbench

HEAVY = ("torch", "numpy", "pandas", "scipy", "pydantic", "ruamel", "matplotlib", "rich", "jinja2")
FUNCTIONS = ("compare", "count", "energy", "load", "register", "run", "train")


def python(code: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_takes_nothing_heavy() -> None:
    """No torch, and none of the libraries that a first table or suite needs."""
    code = f"import sys, benchbench; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(code) == "[]"


def test_fewer_modules_than_click_and_rich() -> None:
    """It loads fewer modules than click and rich do, whatever the machine's speed."""
    count = "import sys; before = {*sys.modules}; import {}; print(len({*sys.modules} - before))"
    ours = int(python(count.replace("{}", "benchbench", 1)))
    theirs = int(python(count.replace("{}", "click, rich.console, rich.table", 1)))
    assert ours < theirs


@pytest.mark.slow
def test_no_import_takes_a_public_name_away() -> None:
    """A room that is imported becomes an attribute of the package: it must hide no function."""
    code = f"""
import importlib, pkgutil, benchbench
for found in pkgutil.walk_packages(benchbench.__path__, "benchbench."):
    if not found.name.startswith(("benchbench.models", "benchbench.suites")):
        if found.name not in ("benchbench.__main__", "benchbench.worker.main"):
            importlib.import_module(found.name)
print([name for name in {FUNCTIONS} if not callable(getattr(benchbench, name))
       or getattr(benchbench, name).__module__ == "builtins"])
"""
    assert python(code) == "[]"


def test_each_name_is_offered_and_found() -> None:
    """`__all__`, `dir` and the names themselves agree; another name is an AttributeError."""
    assert {*benchbench.__all__} <= {*dir(benchbench)}
    for name in benchbench.__all__:
        assert getattr(benchbench, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'ruun'"):
        _ = benchbench.ruun
