"""A revision set against the working tree: what is decided before a gate starts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from benchbench import zoo
from benchbench.codec import plain
from benchbench.comparing import baselines
from benchbench.data.source import kind_of
from benchbench.errors import SideError
from benchbench.gate import revision, session
from benchbench.gate.outcome import Gated
from benchbench.gate.process import Side
from benchbench.gate.stopping_rule import least_pairs
from benchbench.gate.workloads import workloads_of
from benchbench.running.known_data import known_data
from benchbench.running.plan import chosen, device_of, machine, opened

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchbench.data.reference import DataRef
    from benchbench.gate.outcome import Reason
    from benchbench.running.plan import RunRequest
    from benchbench.suite.schema import Suite

__all__ = ["BASELINES", "GateRequest", "against_revision"]

BASELINES = Path("reports") / "baselines"


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What was asked for on the command line of ``benchbench gate``.

    Attributes:
        run: Suite, device, data and place, as of any run.
        base: Revision, or path of a stored run or of baselines.
        environment: Environment that a revision runs in: this one, or its own.
        fail_on: Findings that make the gate fail.
        long: Whether the suite's long budget is spent.
        pairs: Budget, where it is another one than the suite's.
    """

    run: RunRequest
    base: str
    environment: revision.Environment
    fail_on: tuple[Reason, ...]
    long: bool = False
    pairs: int | None = None


def against_revision(
    asked: GateRequest, tell: Callable[[str], None], keep: Callable[[Gated, Path], None]
) -> tuple[Gated, Path]:
    """Compare a revision with the working tree.

    Args:
        asked: What to compare.
        tell: Function that hears a line now and then.
        keep: Function that stores what there is in a folder, after each pair.

    Returns:
        What was found, and where it is kept.

    Raises:
        BenchbenchError: Before anything ran: suite, revision, data or device is not right.
        SideError: A side cannot even start.
    """
    suite, folder = opened(asked.run)
    only_here = [model.id for model in suite.models if zoo.is_pickle(model.reference)]
    if only_here:
        raise SideError(
            f"{', '.join(only_here)}: the base has no such model, for it only lives in this "
            "process: give a function that stands in a file of the repository",
            "base",
        )
    only = chosen(suite, asked.run.only)
    suite = replace(suite, models=tuple(model for model in suite.models if model.id in only))
    root = revision.root_of(Path.cwd())
    commit = revision.name_of(root, asked.base)
    device = device_of(asked.run.device, machine())
    with revision.checked_out(root, commit) as tree:
        missing = revision.add_submodules(root, commit, tree)
        python = revision.interpreter(tree, asked.environment)
        sides = Side("base", tree, root, python), Side("candidate", root, tree)
        plan = _plan(asked, suite, folder, sides, device)
        now = datetime.now(UTC)
        gated = Gated(
            suite.name,
            f"{asked.base} ({commit[:12]})",
            revision.state_of(root),
            plan.budget,
            {**plain(suite.gate), "cores": plan.cores, "seed": plan.seed},
            asked.fail_on,
            notes=[*missing, *_notes(suite, asked, tree, root)],
            started=now.isoformat(timespec="seconds"),
        )
        place = asked.run.out / suite.name / f"gate-{now:%Y%m%d-%H%M%S}"
        session.run(plan, gated, tell, lambda found: keep(found, place))
    return gated, place


def _plan(
    asked: GateRequest, suite: Suite, folder: Path, sides: tuple[Side, Side], device: str
) -> session.GatePlan:
    root, tree = sides[1].tree, sides[0].tree
    place = (folder / (suite.zoo or ".")).resolve()
    old = tree / place.relative_to(root) if place.is_relative_to(root) else place
    request = asked.run
    found = known_data(suite, folder, request.data)
    ours = {name: known.reference for name, known in found.items()}
    data = {
        "base": {name: _in_base(reference, root, tree) for name, reference in ours.items()},
        "candidate": ours,
    }
    folders = {"base": old, "candidate": place}
    workloads = workloads_of(suite, folders, sides, device, data)
    directions = max(1, len({"slower", "faster"} & {*asked.fail_on}))
    budget = asked.pairs or (suite.gate.long_pairs if asked.long else suite.gate.pairs)
    plan = session.GatePlan(
        sides,
        workloads,
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


def _in_base(data: DataRef, root: Path, tree: Path) -> DataRef:
    """The same data by the base's own code: a function in a file of the repository is code."""
    file, _, function = data.source.rpartition(":")
    if kind_of(data.source) != "function" or not file.endswith(".py"):
        return data
    if not Path(file).is_relative_to(root):
        return data
    return replace(data, source=f"{tree / Path(file).relative_to(root)}:{function}")


def _notes(suite: Suite, asked: GateRequest, tree: Path, root: Path) -> list[str]:
    notes = []
    if asked.environment == "reuse" and revision.other_dependencies(tree, root):
        notes.append(
            "the base declares other dependencies and ran with the candidate's: "
            "--environment own installs its own"
        )
    cut = [m.id for m in suite.models if (t := suite.settings_of(m).train) and t.slim]
    if cut:
        notes.append(f"played with all their channels, not as cut by slimming: {', '.join(cut)}")
    own = [m.id for m in suite.models if not suite.settings_of(m).execution.is_native]
    if own:
        notes.append(f"played natively in float32, not as the suite executes: {', '.join(own)}")
    return notes
