"""The blocks of README and of the pages of docs/, as a reader would copy them.

A block with ``title="name"`` is a file of that name; ``<!-- long -->`` in the line before one says
that it takes minutes or needs what is not everywhere, so that it is looked at and not run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["PAGES", "ROOT", "Block", "blocks_of"]

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(
    r"^(?P<long><!-- long -->\n)?```(?P<language>[\w-]*)(?P<more>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: What stands behind the fence.
        file: Name of the file that it is; empty where it is none.
        text: What stands in it.
        long: Whether it is only looked at.
    """

    language: str
    file: str
    text: str
    long: bool


def blocks_of(page: Path, section: str = "") -> list[Block]:
    """The blocks of a page, in their order.

    Args:
        page: The file.
        section: Begin of a heading of the second level: its blocks alone.
    """
    text = page.read_text("utf-8")
    if section:
        text = text.partition(f"\n## {section}")[2].partition("\n## ")[0]
    return [
        Block(
            found["language"],
            (re.search(r'title="([^"]+)"', found["more"]) or ["", ""])[1],
            found["text"],
            bool(found["long"]),
        )
        for found in FENCED.finditer(text)
    ]
