"""The folder of pictures: its files, and pages that say what each is and how it was made."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from benchbench.codec import from_json, restored
from benchbench.errors import OutputError
from benchbench.files import content_of, write_text, write_whole
from benchbench.report.markdown import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from benchbench.drawing.canvas import Picture

__all__ = ["Captioned", "entries_of", "keep_pages", "keep_picture", "keep_private"]

LIST = "figures.json"
MOST_BYTES = 1 << 24
PAPER = "Pu & Chen 2024, doi:10.20944/preprints202401.2165.v1"
ABOUT = (
    "The figures of the paper, made anew from benchbench's own runs. They show what our code does "
    "on the data that each picture names; none is a copy of the paper's."
)
STYLE = (
    "body{font:16px/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "figure{margin:2rem 0}img{max-width:100%;height:auto;border:1px solid #ccc}"
    ".conditions{color:#7a4b00}"
)


@dataclass(frozen=True, slots=True)
class Captioned:
    """A picture of the folder, with what is said below it.

    Attributes:
        number: Its number in the paper.
        title: What it shows.
        paper: What the paper's own figure is.
        conditions: Data and training, as inside the picture.
        says: What its own numbers tell.
        alt: What is to be seen.
        command: What makes it again.
        synthetic: Whether it rests on drawn faces.
    """

    number: int
    title: str
    paper: str
    conditions: tuple[str, ...]
    says: tuple[str, ...]
    alt: str
    command: str
    synthetic: bool

    @property
    def stem(self) -> str:
        """Its files' name without the ending."""
        return f"figure_{self.number:02}"


def entries_of(folder: Path) -> dict[int, Captioned]:
    """What a folder has already, by number; nothing where it has no list, or a damaged one."""
    try:
        listed: Any = from_json(content_of(folder / LIST, MOST_BYTES))
        found = [restored(Captioned, it) for it in listed["figures"]]
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {it.number: it for it in found if (folder / f"{it.stem}.png").is_file()}


def keep_picture(folder: Path, entry: Captioned, drawn: Picture) -> None:
    """Write a picture as SVG and PNG.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(folder / f"{entry.stem}.svg", drawn.svg)
    write_whole(folder / f"{entry.stem}.png", lambda place: place.write_bytes(drawn.png))


def keep_pages(folder: Path, entries: Iterable[Captioned]) -> None:
    """Write the list of all pictures, and the two pages that show them.

    Raises:
        OutputError: They cannot be written.
    """
    found = sorted(entries, key=lambda it: it.number)
    text = json.dumps({"figures": [asdict(it) for it in found]}, indent=1)
    write_text(folder / LIST, text + "\n")
    write_text(folder / "README.md", _markdown(found))
    write_text(folder / "index.html", _html(found))


def keep_private(folder: Path) -> None:
    """Keep photographs of people out of a repository: git ignores all of the folder.

    Raises:
        OutputError: It cannot be written, or the folder has drawn faces, which may be in one.
    """
    if any(it.synthetic for it in entries_of(folder).values()):
        raise OutputError(
            f"{folder}: holds figures of drawn faces, which may be published; those of photographs "
            "belong into a folder of their own: give another --out"
        )
    write_text(folder / ".gitignore", "# photographs of people: not to be committed\n*\n")


def _markdown(entries: Iterable[Captioned]) -> str:
    parts = ["# The figures of the paper", ABOUT, f"The paper: {PAPER}."]
    for it in entries:
        parts += [
            f"## Figure {it.number}. {it.title}",
            f"![{escaped(it.alt)}]({it.stem}.png)",
            f"**{escaped(' '.join(it.conditions))}**",
            escaped(" ".join(it.says)),
            f"It answers to Figure {it.number} of the paper: {it.paper}.",
            f"Made by `{it.command}`; as [SVG]({it.stem}.svg), [PNG]({it.stem}.png).",
        ]
    return "\n\n".join(parts) + "\n"


def _html(entries: Iterable[Captioned]) -> str:
    parts = [
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width">',
        f"<title>The figures of the paper</title>\n<style>{STYLE}</style>",
        f"<h1>The figures of the paper</h1>\n<p>{escape(ABOUT)}</p>\n<p>{escape(PAPER)}</p>",
    ]
    for it in entries:
        said, conditions = escape(" ".join(it.says)), escape(" ".join(it.conditions))
        parts.append(
            f'<figure id="figure-{it.number}">\n'
            f"<h2>Figure {it.number}. {escape(it.title)}</h2>\n"
            f'<img src="{it.stem}.png" alt="{escape(it.alt)}">\n<figcaption>\n'
            f'<p class="conditions">{conditions}</p>\n<p>{said}</p>\n'
            f"<p>It answers to Figure {it.number} of the paper: {escape(it.paper)}.</p>\n"
            f"<p>Made by <code>{escape(it.command)}</code>; as "
            f'<a href="{it.stem}.svg">SVG</a>, <a href="{it.stem}.png">PNG</a>.</p>\n'
            "</figcaption>\n</figure>"
        )
    return "\n".join([*parts, "</html>", ""])
