"""The ready workflows for GitHub and GitLab, their steps run as the scripts that they are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from fixtures_gate import MODEL, git
from ruamel.yaml import YAML

from benchbench.report.comment import MARKER

if TYPE_CHECKING:
    from collections.abc import Mapping

CI = Path(__file__).resolve().parents[2] / ".ci"


def workflow(name: str) -> Any:
    """A workflow's document."""
    return YAML(typ="safe", pure=True).load((CI / name).read_text("utf-8"))


def script(text: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a step as the runner would: bash that ends at the first failure."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment: Mapping[str, str] = {**os.environ, "PATH": path, **variables}
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", text],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


@pytest.fixture
def pull_request(repository: Path) -> Path:
    """A clone at a branch that does ten times the work, as a runner checks it out."""
    suite = repository / "bench" / "mine.yaml"
    suite.write_text(suite.read_text().replace("pairs: 4", "pairs: 3"))
    git(repository, "commit", "-qam", "a short suite")
    clone = repository.parent / "clone"
    git(repository.parent, "clone", "-q", str(repository), str(clone))
    (clone / "bench" / "model.py").write_text(MODEL.replace("REPEATS = 1", "REPEATS = 10"))
    git(clone, "commit", "-qam", "slower")
    return clone


@pytest.mark.slow
def test_the_github_workflow_fails_a_slower_pull_request(pull_request: Path) -> None:
    """Exit code 1, the table in the step's summary, the files where they are taken from."""
    job = workflow("github.yml")["jobs"]["gate"]
    (checkout,) = (step for step in job["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["fetch-depth"] == 0
    (step,) = (step for step in job["steps"] if step.get("name") == "gate")
    summary = pull_request.parent / "summary.md"
    names = {"GITHUB_BASE_REF": "main", "GITHUB_STEP_SUMMARY": str(summary), "CI": "true"}
    done = script(step["run"], pull_request, **names, SUITE="bench/mine.yaml")
    assert done.returncode == 1, done.stderr
    text = summary.read_text("utf-8")
    assert text.startswith("# benchbench gate: mine")
    assert "FAILED: m: the infer step is slower" in text
    (upload,) = (step for step in job["steps"] if "upload" in step.get("uses", ""))
    comment = (pull_request / upload["with"]["path"] / "comment.md").read_text("utf-8")
    assert comment.startswith("<!-- benchbench gate -->\n")
    assert "**Regression**: m: the infer step is slower" in comment
    assert list((pull_request / upload["with"]["path"]).rglob("gate.json"))


@pytest.mark.slow
def test_the_gitlab_job_passes_a_merge_request_that_changes_nothing(pull_request: Path) -> None:
    """Exit code 0 against its own commit, and the files where they are taken from."""
    # Two minutes of a busy machine are no quiet ones: a step would have to be a second slower.
    suite = pull_request / "bench" / "mine.yaml"
    suite.write_text(suite.read_text().replace("pairs: 3", "pairs: 3, floor_us: 1000000"))
    git(pull_request, "commit", "-qam", "a floor")
    job = workflow("gitlab.yml")["benchbench"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    names = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": git(pull_request, "rev-parse", "HEAD")}
    done = script("\n".join(job["script"]), pull_request, **names, SUITE="bench/mine.yaml")
    assert done.returncode == 0, done.stderr
    assert "counts are equal" in done.stdout
    assert list((pull_request / job["artifacts"]["paths"][0]).rglob("report.md"))


GH = """#!/bin/sh
echo "$@" >> "$GH_CALLS"
case "$*" in
  *--paginate*) printf '%s' "$GH_IDS" ;;
esac
"""


@pytest.mark.parametrize(
    ("ids", "wanted"),
    [
        ("", ["--method POST repos/o/r/issues/7/comments"]),
        ("41\n42\n", ["--method PATCH repos/o/r/issues/comments/41"]),
    ],
)
def test_the_comment_is_changed_where_there_is_one(
    tmp_path: Path, ids: str, wanted: list[str]
) -> None:
    """Else it is added; the file that the gate wrote is its body."""
    (step,) = (it for it in workflow("github.yml")["jobs"]["comment"]["steps"] if "run" in it)
    assert {*step["env"]} == {"GH_TOKEN", "REPO", "NUMBER"}
    (tmp_path / "bin").mkdir()
    fake, calls = tmp_path / "bin" / "gh", tmp_path / "calls"
    fake.write_text(GH)
    fake.chmod(0o755)
    names = {"GH_CALLS": str(calls), "GH_IDS": ids, "REPO": "o/r", "NUMBER": "7"}
    text = f'PATH="{fake.parent}:$PATH"\n{step["run"]}'
    done = script(text, tmp_path, **names)
    assert (done.returncode, calls.exists()) == (0, False), done.stderr  # the gate left none
    (tmp_path / "gates").mkdir()
    (tmp_path / "gates" / "comment.md").write_text(MARKER)
    done = script(text, tmp_path, **names)
    assert done.returncode == 0, done.stderr
    look, *rest = calls.read_text().split("api ")[1:]
    assert "repos/o/r/issues/7/comments" in look
    assert f'startswith("{MARKER}")' in look
    ends = [f"--silent {it} -F body=@gates/comment.md\n" for it in wanted]
    assert rest == ends


def test_no_job_that_may_write_runs_anything_of_the_pull_request() -> None:
    """It checks nothing out, is skipped for forks, and nothing is put into its script."""
    document = workflow("github.yml")
    assert document["on"] == "pull_request"
    assert document["permissions"] == {"contents": "read"}
    gate, comment = document["jobs"]["gate"], document["jobs"]["comment"]
    assert "permissions" not in gate
    assert comment["permissions"] == {"pull-requests": "write"}
    assert "head.repo.full_name == github.repository" in comment["if"]
    uses = [step["uses"] for step in comment["steps"] if "uses" in step]
    assert [use.partition("@")[0] for use in uses] == ["actions/download-artifact"]
    for step in [*gate["steps"], *comment["steps"]]:
        assert "${{" not in step.get("run", "")  # a branch's name may be a command
    (checkout,) = (step for step in gate["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"]["persist-credentials"] is False
