"""Reading the kernel's files, with reasons that say what to do."""

from __future__ import annotations

import os
from pathlib import Path

from benchbench.errors import MeterError

__all__ = ["is_real", "maybe", "number", "root", "text"]

ROOT = Path("/sys")
VARIABLE = "BENCHBENCH_SYSFS"


def root() -> Path:
    """The folder of the kernel's files: ``/sys``, or a simulated one in ``BENCHBENCH_SYSFS``."""
    return Path(os.environ.get(VARIABLE, ROOT))


def is_real() -> bool:
    """Whether these are the kernel's own files; what others give is marked as simulated."""
    return root() == ROOT


def text(file: Path) -> str:
    """A file's content without its line's end; empty where it cannot be read."""
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def maybe(file: Path) -> int | None:
    """A file's content as a whole number; None where there is none."""
    try:
        return int(text(file))
    except ValueError:
        return None


def number(file: Path) -> int:
    """A file's content as a whole number.

    Raises:
        MeterError: It is gone, this user may not read it, or it holds something else.
    """
    try:
        found = file.read_text("ascii").strip()
        return int(found)
    except PermissionError as error:
        raise MeterError(
            f"{file} may be read by root alone (since Linux 5.10): `sudo chmod a+r {file}` until "
            "the next start, or run as root"
        ) from error
    except OSError as error:
        raise MeterError(
            f"{file} cannot be read ({error.strerror}): the driver was unloaded or the sensor is "
            "gone; see `dmesg`"
        ) from error
    except ValueError as error:
        raise MeterError(
            f"{file} holds no number: reload the sensor's driver, see `dmesg`"
        ) from error
