"""What guards a repository: gates and baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench.api.runs import carried_out
from benchbench.comparing import baselines, loading, welch
from benchbench.errors import BenchbenchError
from benchbench.files import write_text
from benchbench.gate.against import against_revision
from benchbench.gate.outcome import GATE
from benchbench.report.gated import page_of
from benchbench.report.markdown import text_of
from benchbench.results import stored
from benchbench.results.schema import RESULTS
from benchbench.running.plan import machine

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.comparing.welch import Comparison
    from benchbench.gate.against import GateRequest
    from benchbench.gate.outcome import Gated
    from benchbench.running import runner
    from benchbench.running.plan import RunRequest

__all__ = ["gate_result", "gate_revision", "update_baseline"]

REPORT = "report.md"


def gate_revision(asked: GateRequest, tell: Callable[[str], None]) -> tuple[Gated, Path]:
    """Compare a revision with the working tree.

    Args:
        asked: What to compare.
        tell: Hears a line now and then.

    Returns:
        What was found, and where it is kept.

    Raises:
        BenchbenchError: Before anything ran: suite, revision, data or device is not right.
        SideError: A side cannot even start.
    """
    return against_revision(asked, tell, _keep_gate)


def _keep_gate(gated: Gated, folder: Path) -> None:
    """Write what there is, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(folder / GATE, json.dumps(gated.to_json(), allow_nan=False) + "\n")
    write_text(folder / REPORT, text_of(page_of(gated)))


def gate_result(asked: GateRequest, progress: runner.Progress) -> tuple[Comparison, Path]:
    """Run a suite now and compare it with a stored run.

    Args:
        asked: The suite, and the stored run; of a folder of baselines this machine's is taken.
        progress: Who watches.

    Returns:
        The comparison, and where the new run is kept.

    Raises:
        BenchbenchError: The suite, the data, the device or the stored run is not right.
    """
    place = Path(asked.base)
    if place.is_dir() and not (place / RESULTS).is_file():
        place = baselines.of_machine(place, machine())
    base = loading.load(place)  # before anything runs
    found = carried_out(asked.run, progress)
    new = loading.of(found, found.folder)
    return welch.compare(base, new, found.suite.gate, across_machines=False), Path(found.folder)


def update_baseline(
    request: RunRequest, folder: Path, progress: runner.Progress
) -> tuple[Path, list[str], Comparison | None]:
    """Run a suite and keep it as this machine's baseline.

    Args:
        request: What to run.
        folder: Folder of all baselines.
        progress: Who watches.

    Returns:
        The file, what stands behind the changes, and the changes; None without an older baseline.

    Raises:
        BenchbenchError: A cell failed: what was there is kept.
    """
    found = carried_out(request, progress)
    if found.failed:
        failed = ", ".join(f"{cell.model} ({cell.status})" for cell in found.failed)
        raise BenchbenchError(f"no baseline was stored, these failed: {failed}; see {found.folder}")
    file = baselines.own(folder, found.suite.name, found.fingerprint)
    old = stored.load(file) if file.is_file() else None
    changes = None
    if old is not None:
        new, before = loading.of(found, found.folder), loading.of(old, str(file))
        changes = welch.compare(before, new, found.suite.gate, across_machines=False)
    baselines.store(found, file)
    return file, baselines.explained(old, found), changes
