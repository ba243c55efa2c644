"""Examples in docstrings become code on the pages, and nothing else of them changes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_an_example_is_fenced_up_to_the_next_empty_line() -> None:
    """Its output too; what stands before and after is as it was."""
    pytest.importorskip("griffe", reason="extra `docs` is not installed")
    spec = importlib.util.spec_from_file_location("doctests", ROOT / "docs" / "doctests.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    text = "A sum.\n\n>>> 1 + 1\n2\n>>> [1][0]\n1\n\nArgs:\n    x: One.\n"
    made = "A sum.\n\n```pycon\n>>> 1 + 1\n2\n>>> [1][0]\n1\n```\n\nArgs:\n    x: One.\n"
    assert module.fenced(text) == made
