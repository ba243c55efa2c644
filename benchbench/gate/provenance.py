"""The proof that a side ran its own tree's code, from the files of what it had loaded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.errors import SideError
from benchbench.gate.trees import has_module, tree_of
from benchbench.zoo.origin import origin_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchbench.gate.process import Side

__all__ = ["check_modules"]

WAY_OUT = (
    "give the model as path/to/file.py of the repository, keep its package in the repository's "
    "root or src folder, or use --environment own"
)


def check_modules(side: Side, modules: Mapping[str, str]) -> list[str]:
    """Refuse a side that runs other code than its tree's.

    Args:
        side: Side that answered.
        modules: Files of the modules that it had loaded once its models were built, by name.

    Returns:
        Modules of the user's that lie in neither tree, so that both sides load the same ones.

    Raises:
        SideError: A module is the other side's, or an installed copy; or none is of the tree.
    """
    trees = [tree for tree in (side.tree, side.other) if tree is not None]
    outside, own = [], 0
    for name, file in modules.items():
        installed = origin_of(Path(file)) == "installed"  # a tree may hold its environment
        tree = None if installed else tree_of(Path(file), trees)
        if tree == side.tree:
            own += 1
        elif tree is not None:
            text = f"the {side.name} loads {name} from {file}, the other side's tree: {WAY_OUT}"
            raise SideError(text, side.name)
        elif installed or any(has_module(each, name) for each in trees):
            text = f"the {side.name} loads {name} from {file}, not from {side.tree}: {WAY_OUT}"
            raise SideError(text, side.name)
        elif name.partition(".")[0] != "benchbench":  # what measures is no part of what is compared
            outside.append(f"{name} ({file})")
    if not own and side.python == sys.executable:
        raise SideError(
            f"the {side.name} loads nothing from {side.tree}: its models are not of this "
            "repository, so there is nothing of it to compare",
            side.name,
        )
    return outside
