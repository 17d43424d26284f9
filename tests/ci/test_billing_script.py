"""`ci/billing.sh`, as the pipelines of both forges run it: over the embedded server, with a fake forge."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fake_forge import Approved, FakeForge, serving

pytestmark = pytest.mark.thorough

SCRIPT = Path(__file__).resolve().parents[2] / "ci" / "billing.sh"
METER = "{{key: {0}, name: {0}, event_type: e, aggregation: count}}"
MARKER = "<!-- billsync-comment: shop -->"


def files(*meters: str) -> str:
    return f"_info: {{owner: us}}\nmeters: [{', '.join(map(METER.format, meters))}]\n"


class Pipeline:
    """A checkout with one file of billing, on one forge."""

    def __init__(self, forge: FakeForge, folder: Path) -> None:
        self.forge, self.folder = forge, folder

    def run(self, command: str, text: str, **environment: str) -> int:
        (self.folder / "shop.yaml").write_text(text)
        settings = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "BILLSYNC_SERVER": "local:shop.db",
            "BILLSYNC_FILES": "\n  shop.yaml\n",
            "BILLSYNC_NAME": "shop",
            "BILLSYNC_OUT": "out",
        }
        told = subprocess.run(
            ["bash", str(SCRIPT), command],
            cwd=self.folder,
            env={**settings, **self.forge.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        return told.returncode

    def approve(self, name: str) -> None:
        """Keep the artifacts of the check that has just run."""
        made = {path.name: path.read_bytes() for path in (self.folder / "out").iterdir()}
        self.forge.approved = Approved(made, name)

    @property
    def comment(self) -> list[str]:
        """The lines of the one comment."""
        (row,) = self.forge.comments
        lines: list[str] = row["body"].splitlines()
        return lines

    @property
    def headline(self) -> str:
        return next(line for line in self.comment if line.startswith("#"))


@pytest.fixture
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pipeline]:
    with serving(request.param) as forge:
        yield Pipeline(forge, tmp_path)


@pytest.mark.parametrize("pipeline", ["github"], indirect=True)
def test_what_is_shown_is_what_runs_and_drift_is_an_issue(pipeline: Pipeline) -> None:
    shop = files("api", "calls")

    checked = pipeline.run("check", shop)
    shown = pipeline.headline
    pipeline.approve("kept")
    (pipeline.folder / "out" / "plan.json").unlink()
    synced = pipeline.run("sync", files(), BILLSYNC_ARTIFACT="kept")
    again = pipeline.run("check", shop)
    drifted = pipeline.run("drift", files("api"))
    issue = dict(pipeline.forge.issues[0])
    over = pipeline.run("drift", shop)

    assert (checked, synced, again, drifted, over) == (0, 0, 0, 0, 0)
    assert (shown, pipeline.headline) == ("### billsync: 2 meters are new", "### billsync: no changes")
    assert pipeline.comment[0] == MARKER
    assert (issue["title"], issue["body"].splitlines()[:2]) == (
        "Billing: shop is not as its files say",
        ["<!-- billsync-issue: shop -->", "### billsync: 1 entity is not as the files say"],
    )
    assert [row["state"] for row in pipeline.forge.issues] == ["closed"]


@pytest.mark.parametrize("pipeline", ["gitlab"], indirect=True)
def test_what_is_stopped_or_broken_fails_and_says_so(pipeline: Pipeline) -> None:
    dangling = "external: {meters: [calls]}\nfeatures: [{key: calls, name: Calls, meter: calls}]\n"

    stopped = pipeline.run("check", files("api") + dangling)
    shown = "\n".join(pipeline.comment)
    broken = pipeline.run("check", "meters: [")

    assert (stopped, broken) == (4, 1)
    assert "not-on-server" in shown
    assert pipeline.comment == [
        MARKER,
        "billsync could not compare this commit (exit code 1): see the log of the job.",
    ]
    assert not (pipeline.folder / "out" / "plan.json").exists()
