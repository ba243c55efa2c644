"""Comparisons and gates on the console, as JSON, and in GitHub's summary of the step."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchbench.cli.options import consoles

if TYPE_CHECKING:
    from benchbench.comparing.welch import Comparison
    from benchbench.report.page import Page

__all__ = ["add_to_summary", "show", "show_comparison"]

SUMMARY = "GITHUB_STEP_SUMMARY"


def show_comparison(found: Comparison, *, as_json: bool) -> None:
    """Print a comparison."""
    from benchbench.report.compared import page_of  # noqa: PLC0415

    show(page_of(found), found.to_json(), as_json=as_json)


def show(page: Page, document: dict[str, Any], *, as_json: bool) -> None:
    """Print a page, and add it to GitHub's summary of the step, where there is one."""
    if SUMMARY in os.environ:
        from benchbench.report.markdown import text_of  # noqa: PLC0415

        add_to_summary(text_of(page))
    if as_json:
        click.echo(json.dumps(document, indent=1))
    else:
        from benchbench.report.console import draw  # noqa: PLC0415

        draw(page, consoles()[0])


def add_to_summary(text: str) -> None:
    """Add Markdown to GitHub's summary of the step, where there is one."""
    if summary := os.environ.get(SUMMARY):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)
