"""The pipelines of `ci/`: their YAML by the published schemas and by rules of ours."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema

ROOT = Path(__file__).resolve().parents[2]
CI = ROOT / "ci"
EXAMPLES = CI / "github" / "workflows-example"
BOTH = ROOT / "examples" / "gitops" / ".github" / "workflows" / "billing.yml"
BY_SCHEMA = {
    "vendor.github-actions": [CI / "github" / "action.yml"],
    "vendor.github-workflows": [
        EXAMPLES / "billing.yml",
        EXAMPLES / "billing-drift.yml",
        EXAMPLES / "billing-drill.yml",
        BOTH,
    ],
    "vendor.gitlab-ci": [CI / "gitlab" / "billsync.yml"],
}
NAMED = lambda path: f"{path.parent.name}-{path.stem}"  # noqa: E731
SECRETS = re.compile(r"\$\{\{ *secrets\.")


def read(path: Path) -> dict[Any, Any]:
    found: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("schema", BY_SCHEMA)
def test_a_pipeline_fits_the_schema_that_its_forge_publishes(schema: str) -> None:
    files = [str(path) for path in BY_SCHEMA[schema]]

    assert check_jsonschema(["--builtin-schema", schema, *files], standalone_mode=False) == 0


def steps(path: Path) -> list[dict[str, Any]]:
    found = read(path)
    jobs = found["jobs"].values() if "jobs" in found else [found["runs"]]
    return [step for job in jobs for step in job["steps"]]


GITHUB = (
    CI / "github" / "action.yml",
    EXAMPLES / "billing.yml",
    EXAMPLES / "billing-drift.yml",
    EXAMPLES / "billing-drill.yml",
    BOTH,
)


@pytest.mark.parametrize("path", GITHUB, ids=NAMED)
def test_no_expression_of_github_stands_in_a_script(path: Path) -> None:
    """A pull request could put a command into it; values come through the environment."""
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("path", GITHUB[1:], ids=NAMED)
def test_a_workflow_has_no_more_rights_than_it_names(path: Path) -> None:
    found = read(path)

    assert found["permissions"] == {}
    assert all("permissions" in job and "environment" in job for job in found["jobs"].values())
    assert all(
        step["with"]["persist-credentials"] is False for step in steps(path) if "checkout" in step.get("uses", "")
    )
    secrets = {name for step in steps(path) for name, value in step.get("env", {}).items() if SECRETS.search(value)}
    assert secrets <= {"KONNECT_TOKEN", "BILLSYNC_PLAN_KEY", "FLEETWISE_EMAIL"}


def test_the_rights_of_each_job_are_those_in_the_documentation() -> None:
    page = (ROOT / "docs" / "gitops.md").read_text(encoding="utf-8")
    jobs = {**read(GITHUB[1])["jobs"], **read(GITHUB[2])["jobs"], **read(GITHUB[3])["jobs"]}

    for name, job in jobs.items():
        rights = ", ".join(f"`{right}: {level}`" for right, level in sorted(job["permissions"].items()))
        assert f"| `{name}` | {rights} |" in page


def test_one_sync_runs_at_a_time_and_is_never_cancelled() -> None:
    github, gitlab = read(GITHUB[1])["jobs"]["sync"], read(CI / "gitlab" / "billsync.yml")["billing:sync"]

    assert github["concurrency"] == {"group": "billing", "cancel-in-progress": False}
    assert gitlab["resource_group"] == "billing"
    assert "interruptible" not in gitlab


def test_the_image_holds_what_the_pipelines_call() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    called = {line for name, job in read(CI / "gitlab" / "billsync.yml").items() if name.startswith("billing:")
              for line in job["script"]}  # fmt: skip

    assert called == {f"/opt/billsync/ci/billing.sh {command}" for command in ("check", "sync", "drift", "drill")}
    assert "COPY ci/billing.sh ci/forge.py /opt/billsync/ci/" in dockerfile
    assert "install --yes --no-install-recommends git " in dockerfile  # for `diff --since`
    assert re.search(r"^USER 10001$", dockerfile, re.MULTILINE)
    assert re.search(r"^ARG PYTHON=python:[0-9]+\.[0-9]+\.[0-9]+-slim-[a-z]+(@sha256:[0-9a-f]{64})?$", dockerfile, re.M)


def test_the_hook_runs_a_command_that_is_there() -> None:
    (hook,) = read(ROOT / ".pre-commit-hooks.yaml")

    assert hook == {
        "id": "billsync-validate",
        "name": "billsync validate",
        "description": "Check the files of billing, offline.",
        "entry": "billsync validate",
        "language": "python",
        "files": r"\.(ya?ml|json)$",
        "pass_filenames": False,
        "require_serial": True,
    }
