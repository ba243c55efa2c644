"""What `benchbench doctor` found, as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchbench.display.displayable import pages_of
from benchbench.report.format import Grid, Line
from benchbench.report.page import Page

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchbench.doctor.examine import Examination
    from benchbench.doctor.sensor import Finding

__all__ = ["page_of"]

HEADER = ("asked", "found", "what would help")


@pages_of("Examination")
def page_of(found: Examination) -> Page:
    """A table a sensor, one for the machine, and what it comes to."""
    grids = [_grid("This machine", found.machine)]
    for sensor in found.sensors:
        title = f"{sensor.name}: {'usable' if sensor.usable else 'not usable'}"
        title += ", SIMULATED" if sensor.simulated else ""
        grids.append(_grid(f"{title} (meter: {sensor.selector})", sensor.findings))
    return Page("benchbench doctor", found.summary, tuple(grids), (), ())


def _grid(title: str, findings: Iterable[Finding]) -> Grid:
    lines = tuple(Line((item.what, item.found, item.remedy)) for item in findings)
    return Grid(title, HEADER, lines, text_columns=3)
