"""``python -m benchbench`` is ``benchbench``."""

from __future__ import annotations

import sys
from typing import NoReturn

EXIT_SOFTWARE = 70  # of sysexits.h; 1 would say that something has become slower


def main() -> NoReturn:
    """Run the command line; a broken installation is exit code 70."""
    try:
        from benchbench.cli.main import main as command_line  # noqa: PLC0415 - it may be broken
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told
        sys.stderr.write(f"benchbench cannot be loaded: {type(error).__name__}: {error}\n")
        sys.exit(EXIT_SOFTWARE)
    command_line()


if __name__ == "__main__":
    main()
