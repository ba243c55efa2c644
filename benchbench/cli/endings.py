"""How a command ends: its exit code and its last sentence, whatever it met.

A closed or full output, an encoding that has no such letter, a machine that refuses something and a
fault of our own: none of them may read as exit code 1, which says that something became slower.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchbench.cli.options import (
    EXIT_INTERRUPTED,
    EXIT_NO_READER,
    EXIT_SOFTWARE,
    EXIT_USAGE,
    say,
)
from benchbench.display.text import ASCII
from benchbench.errors import BenchbenchError, SuiteError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["exit_code"]

# What the machine refuses is no fault of ours: the sentence of the system says what to do.
REFUSALS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO, errno.ENOMEM),
    *(errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EBADF),
}
COMPLETE = "_BENCHBENCH_COMPLETE"  # a shell asks by it how a command goes on; click then exits
NO_TEMPORARY = "No usable temporary directory"  # begins the text of tempfile's own error


def exit_code(command: Callable[[], object]) -> int:
    """Run the command line; an expected error is one clear message."""
    _open_streams()
    try:
        code = command()
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return EXIT_USAGE
    except (KeyboardInterrupt, click.Abort):
        say("interrupted; run the same command again to go on")
        return EXIT_INTERRUPTED
    except BenchbenchError as error:
        say(f"error: {error}" if not isinstance(error, SuiteError) else str(error))
        return EXIT_USAGE
    except BrokenPipeError:  # `benchbench list models | head`
        _detach_output()
        return EXIT_NO_READER
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever it is, it is told
        _detach_output()
        return _unexpected(error)
    return code if isinstance(code, int) else 0


def _unexpected(error: BaseException) -> int:
    if isinstance(error, SystemExit) and COMPLETE in os.environ:
        return EXIT_USAGE if error.code else 0
    if isinstance(error, SystemExit) and (
        isinstance(error.__context__, BrokenPipeError)  # rich's own answer, exit code 1
        or type(sys.stdout).__name__ == "PacifyFlushWrapper"  # click's
    ):
        return EXIT_NO_READER
    if isinstance(error, OSError) and _is_refusal(error):
        say(f"error: {error}")
        return EXIT_USAGE
    _tell(error)
    return EXIT_SOFTWARE


def _open_streams() -> None:
    """Make standard output and error take whatever is printed.

    A closed one is nobody's, and what its encoding does not have is written as an escape: a run
    must not be lost because its table cannot be shown.
    """
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nowhere)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ASCII)


def _detach_output() -> None:
    """Let the rest of the output go nowhere: nobody reads it, and its flush would fail again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _is_refusal(error: OSError) -> bool:
    """Whether the machine refused something, and nothing of ours is wrong."""
    return error.errno in REFUSALS or NO_TEMPORARY in str(error)


def _tell(error: BaseException) -> None:
    """Tell of a fault of our own in one line, and keep its traceback in a file."""
    text = "".join(traceback.format_exception(error))
    try:
        handle, name = tempfile.mkstemp(prefix="benchbench-error-", suffix=".txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"{' '.join(sys.argv)}\n\n{text}")
    except OSError:
        say(text)
        name = "the traceback above"
    said = " ".join(str(error).split())[:300]
    say(
        f"internal error: {type(error).__name__}: {said}\nThis is a fault of benchbench, or of an "
        f"extension, and no result; please report it with {name}"
    )
