"""What ``gate`` and ``baseline`` do, between the command line and the rooms."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchbench import api
from benchbench.comparing import baselines, loading
from benchbench.comparing.welch import compare
from benchbench.errors import BenchbenchError, ResultError
from benchbench.files import write_text
from benchbench.gate import revision, session
from benchbench.gate.outcome import Gated
from benchbench.gate.paired import Side
from benchbench.gate.stopping_rule import least_pairs
from benchbench.gate.workloads import pieces_of
from benchbench.report.gated import page_of
from benchbench.report.markdown import text_of
from benchbench.results import schema
from benchbench.running import runner
from benchbench.suite import loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from benchbench.comparing.welch import Comparison
    from benchbench.gate.outcome import Reason
    from benchbench.suite.schema import Suite

__all__ = ["BASELINES", "Asked", "against_result", "against_revision", "update"]

BASELINES = Path("reports") / "baselines"
GATE, REPORT = "gate.json", "report.md"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for on the command line of ``benchbench gate``.

    Attributes:
        run: Suite, device, data and place, as of any run.
        base: A revision, or the path of a stored run or of baselines.
        environment: Of a revision: this one, or its own.
        fail_on: What makes the gate fail.
        long: Whether the suite's long budget is spent.
        pairs: Another budget than the suite's.
    """

    run: api.Request
    base: str
    environment: revision.Environment
    fail_on: tuple[Reason, ...]
    long: bool = False
    pairs: int | None = None


def against_revision(asked: Asked, tell: Callable[[str], None]) -> tuple[Gated, Path]:
    """Play a revision against the working tree.

    Returns:
        What was found, and where it is kept.

    Raises:
        BenchbenchError: Before anything ran: suite, revision, data or device is not right.
        DuetError: A side cannot even start.
    """
    suite, folder = loader.load(asked.run.suite)
    only = api.chosen(suite, asked.run.only)
    suite = replace(suite, models=tuple(model for model in suite.models if model.id in only))
    root = revision.root_of(Path.cwd())
    commit = revision.name_of(root, asked.base)
    device = api.device_of(asked.run.device, _machine())
    with revision.checked_out(root, commit) as tree:
        base = Side("base", tree, revision.interpreter(tree, asked.environment))
        plan = _plan(asked, suite, folder, (base, Side("candidate", root)), device)
        gated = Gated(
            suite.name,
            f"{asked.base} ({commit[:12]})",
            revision.state_of(root),
            plan.budget,
            {**asdict(suite.gate), "cores": plan.cores, "seed": plan.seed},
            asked.fail_on,
            notes=_notes(suite, asked, tree, root),
        )
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        place = asked.run.out / suite.name / f"gate-{stamp}"
        session.run(plan, gated, tell, lambda found: _keep(found, place))
    return gated, place


def _plan(
    asked: Asked, suite: Suite, folder: Path, sides: tuple[Side, Side], device: str
) -> session.Plan:
    root, tree = sides[1].tree, sides[0].tree
    place = (folder / (suite.zoo or ".")).resolve()
    old = tree / place.relative_to(root) if place.is_relative_to(root) else place
    request = asked.run
    data = api.images_of(suite, (model.labels for model in suite.models), request)
    votes = str(Path(request.ferplus).resolve()) if request.ferplus else None
    folders = {"base": old, "candidate": place}
    pieces = pieces_of(suite, folders, sides, device, data, votes)
    directions = max(1, len({"slower", "faster"} & {*asked.fail_on}))
    budget = asked.pairs or (suite.gate.long_pairs if asked.long else suite.gate.pairs)
    plan = session.Plan(
        sides,
        pieces,
        suite.gate,
        budget,
        suite.settings.threads,
        device,
        suite.settings.time_limit_s,
        directions,
        baselines.declared(tree / BASELINES / suite.name, root / BASELINES / suite.name),
    )
    # With fewer pairs no change could ever be told.
    return replace(plan, budget=max(budget, least_pairs(plan.rate)))


def _notes(suite: Suite, asked: Asked, tree: Path, root: Path) -> list[str]:
    notes = []
    if asked.environment == "reuse" and revision.other_dependencies(tree, root):
        notes.append(
            "the base declares other dependencies and ran with the candidate's: "
            "--environment own installs its own"
        )
    cut = [m.id for m in suite.models if (t := suite.settings_of(m).train) and t.slim]
    if cut:
        notes.append(f"played with all their channels, not as cut by slimming: {', '.join(cut)}")
    return notes


def _keep(gated: Gated, place: Path) -> None:
    """Write what there is, whole or not at all.

    Raises:
        OutputError: It cannot be written.
    """
    write_text(place / GATE, json.dumps(gated.to_json(), allow_nan=False) + "\n")
    write_text(place / REPORT, text_of(page_of(gated)))


def against_result(asked: Asked, console: Console) -> tuple[Comparison, Path]:
    """Run the suite now and compare it with a stored run.

    Returns:
        The comparison, and where the new run is kept.

    Raises:
        BenchbenchError: The suite, the data, the device or the stored run is not right.
    """
    base = loading.load(_stored(Path(asked.base)))  # before anything runs
    found, place = api.run(asked.run, console)
    new = loading.of(found, str(place))
    return compare(base, new, found.suite.gate, across_machines=False), place


def _stored(base: Path) -> Path:
    """A stored run; of a folder of baselines, that of this machine.

    Raises:
        ResultError: There is none of this machine.
    """
    if not base.is_dir() or (base / schema.RESULTS).is_file():
        return base
    file = base / f"{baselines.machine_key(_machine())}.json"
    if not file.is_file():
        there = ", ".join(sorted(other.stem for other in base.glob("*.json"))) or "none"
        raise ResultError(
            f"{base}: no baseline of this machine ({file.stem}); there are: {there}; "
            "`benchbench baseline update` makes one"
        )
    return file


def _machine() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as scratch:
        return runner.hello(Path(scratch) / "hello.log")


def update(
    request: api.Request, folder: Path, console: Console
) -> tuple[Path, list[str], Comparison | None]:
    """Run a suite and keep it as this machine's baseline.

    Args:
        request: What to run.
        folder: Of all baselines.
        console: For the progress.

    Returns:
        The file, what stands behind the changes, and the changes; None without an older baseline.

    Raises:
        BenchbenchError: A cell failed: what was there is kept.
    """
    found, place = api.run(request, console)
    if found.failed:
        failed = ", ".join(f"{cell.model} ({cell.status})" for cell in found.failed)
        raise BenchbenchError(f"no baseline was stored, these failed: {failed}; see {place}")
    file = baselines.own(folder, found.suite.name, found.fingerprint)
    old = schema.load(file) if file.is_file() else None
    changes = None
    if old is not None:
        new = loading.of(found, str(place))
        changes = compare(loading.of(old, str(file)), new, found.suite.gate, across_machines=False)
    baselines.store(found, file)
    return file, baselines.explained(old, found), changes
