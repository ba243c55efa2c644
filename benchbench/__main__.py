"""``python -m benchbench`` is ``benchbench``."""

from benchbench.cli import main

if __name__ == "__main__":
    main()
