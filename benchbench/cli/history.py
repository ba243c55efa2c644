"""The command that shows a figure over stored runs."""

from __future__ import annotations

import json
from pathlib import Path

import click

from benchbench.cli.options import as_json_option, say

__all__ = ["history"]


@click.command()
@click.argument("metric")
@click.argument("places", nargs=-1, metavar="[RUN|FOLDER]...")
@click.option("--model", default="*", metavar="PATTERN", help="Only these models (wildcards).")
@click.option("--suite", default="*", metavar="PATTERN", help="Only these suites (wildcards).")
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the chart as one HTML file.",
)
@as_json_option
def history(
    metric: str,
    places: tuple[str, ...],
    *,
    model: str,
    suite: str,
    html: Path | None,
    as_json: bool,
) -> int:
    """Show METRIC over stored runs and gates (by default reports/).

    Each run is set against the one before it, by the statistics of `benchbench compare`. Runs of
    another machine, data, settings or suite are not: there the chart breaks, and says why. METRIC
    is a name that `benchbench list probes` shows, e.g. infer_fps.
    """
    from benchbench import api  # noqa: PLC0415 - `--help` needs none of it

    found = api.history(metric, places or ("reports",), model=model, suite=suite)
    if html is not None:
        from benchbench.files import write_text  # noqa: PLC0415 - as above
        from benchbench.report.history_html import document  # noqa: PLC0415 - as above

        write_text(html, document(found))
        say(f"written: {html}")
    if as_json:
        click.echo(json.dumps(found.to_json(), indent=1))
    else:
        from benchbench.report.history_text import text_of  # noqa: PLC0415 - as above

        click.echo(text_of(found), nl=False)
    return 0
