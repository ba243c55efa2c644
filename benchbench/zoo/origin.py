"""Where loaded code comes from: the user's own files, or what is installed.

A model's identity rests on it, and so does the gate's proof of whose code ran; the gate's agent
loads this file by its path, so it imports nothing but the standard library.
"""

from __future__ import annotations

import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Literal

__all__ = ["Origin", "loaded_modules", "origin_of"]

Origin = Literal["user", "installed", "standard"]

INSTALLED = {"site-packages", "dist-packages"}  # of any environment: a .pth file may add another's
PROGRAM = {"__main__", "__mp_main__"}
STANDARD = tuple(
    Path(place).resolve()
    for name, place in sysconfig.get_paths().items()
    if name in {"stdlib", "platstdlib"}
)


@cache
def origin_of(file: Path) -> Origin:
    """Whether a file is the user's, an installed package's or the standard library's.

    Links are followed: an editable installation's files are the user's, however it is made.
    """
    place = file.resolve()
    if INSTALLED & {*place.parts}:
        return "installed"
    standard = any(place.is_relative_to(folder) for folder in STANDARD)
    return "standard" if standard else "user"


def loaded_modules() -> dict[str, Path]:
    """The file of every loaded module, by name, the started program left out.

    What has no file of its own is left out too: what is built in, and what only looks like a
    module, as torch's operators do.
    """
    found = {}
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in PROGRAM or not isinstance(file, str) or not Path(file).is_absolute():
            continue
        found[name] = Path(file)
    return found
