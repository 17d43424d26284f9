"""`diff --since`: what the commits of a branch touch; every format says what was compared, and what was left out."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from billsync.app.ending import Ended
from billsync.cli.files.since import since_commit
from billsync.cli.terminal.surroundings import Run, Surroundings
from billsync.config import load
from billsync.core.plan_file import from_json
from billsync.kinds.registry import KINDS
from billsync.model.selection import Selection
from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.repositories import SETTINGS, Repository, repository

HEAD = "_info: {owner: payments}\n"
METERS = "meters:\n" + "".join(
    f"  - {{key: {key}, name: {key}, event_type: e, aggregation: count}}\n" for key in ("one", "two", "three")
)
STRIPE = "customers: [{key: acme, name: Acme, billing: {stripe: {customer_id: !file id.txt}}}]\n"
SECRET = "customers: [{key: acme, name: !file name.txt}, {key: zorg, name: Zorg}]\n"
DESCRIBED = "_overlay: true\nmeters: [{key: two, name: second}]\n"


@pytest.fixture
def repo(folder: Path) -> Repository:
    """A repository whose branch `main` has three meters, on the branch `pr`."""
    (folder / "shop.yaml").unlink()
    found = repository(folder)
    found.commit(meters=HEAD + METERS)
    found.git("checkout", "--quiet", "-b", "pr")
    return found


def chosen(*paths: str, ref: str = "main", overlays: tuple[str, ...] = (), **environment: str) -> Selection:
    """The selection of what has changed in files since a commit. Raises Ended."""
    around = Surroundings(
        *(io.StringIO() for _ in range(3)), {**SETTINGS, **environment}, FakeClock(), is_terminal=False
    )
    desired, findings = load(paths, registry=KINDS, environment={}, overlays=overlays)
    assert not findings
    return since_commit(Run(around, overlays=overlays), paths, ref, desired).selection


def names(selection: Selection) -> set[str]:
    assert selection.since is not None
    assert (selection.since.everything, len(selection.since.commit)) == ("", 40)
    return set(selection.names)


def test_every_format_says_what_was_compared(shell: Shell, repo: Repository) -> None:
    """Committed and uncommitted changes, and what is gone; a plan file of it deletes nothing else."""
    shell.environment = SETTINGS
    shell.run("sync", ".", "--server", "local:", "--yes")
    lines = METERS.splitlines(keepends=True)
    repo.commit(meters=HEAD + lines[0] + lines[2].replace("name: two", "name: second") + lines[3])
    repo.write("meters", HEAD + "".join((lines[0], lines[2].replace("name: two", "name: II"), lines[3])))
    since = ("diff", ".", "--server", "local:", "--since", "main")

    ran = shell.run(*since, "--out", "plan=plan.json", "--out", "html=page.html", "--out", "markdown=page.md")
    base = repo.git("rev-parse", "main")
    again = json.loads(shell.run("diff", "--plan-file", "plan.json", "--format", "json").out)

    sentence = f"main (commit {base[:12]}): compared 2 meters; left out 1 meter"
    assert ran.out.splitlines()[-1] == f"  Since: {sentence}"
    assert [line for line in ran.out.splitlines() if line.startswith(("updating", "deleting", "  ~"))] == [
        "updating meter two (in place)",
        "  ~ name: two → II",
        "deleting meter one (irreversible)",
    ]
    assert ran.err.splitlines() == [
        "Selected: 1 meter. Left out: 1 meter.",
        "Selected on the server: 1 meter that the files don't declare.",
    ]
    page = re.sub(r"<[^>]+>", "", Path("page.html").read_text())
    assert sentence in page
    assert sentence.replace(base[:12], f"`{base[:12]}`") in Path("page.md").read_text()
    assert (again["selection"], again["since"]) == (
        ["meter/one", "meter/two"],
        {"ref": "main", "commit": base, "everything": "", "compared": {"meter": 2}, "left_out": {"meter": 1}},
    )
    assert {step.address.text for step in from_json(Path("plan.json").read_text()).steps} == {"meter/one", "meter/two"}


def test_the_base_is_where_the_branch_began(repo: Repository) -> None:
    repo.commit(meters=HEAD + METERS.replace("name: two", "name: second"))
    repo.git("checkout", "--quiet", "main")
    repo.commit(meters=HEAD + METERS.replace("name: one", "name: first"))
    repo.git("checkout", "--quiet", "pr")

    assert names(chosen("meters.yaml")) == {"meter/two"}


def test_overlays_and_files_that_values_come_from_are_read_as_they_were(repo: Repository, folder: Path) -> None:
    (folder / "name.txt").write_text("Acme\n")
    repo.commit(meters=HEAD + METERS + SECRET, over="_overlay: true\nmeters: [{key: two, name: two}]\n")
    repo.git("branch", "--force", "base")
    repo.write("over", DESCRIBED)
    (folder / "name.txt").write_text("Acme Inc.\n")

    assert names(chosen("meters.yaml", ref="base", overlays=("over.yaml",))) == {"meter/two", "customer/acme"}
    assert names(chosen("meters.yaml", ref="base")) == {"customer/acme"}


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ({}, {"meters": "_info: {owner: finance}\n" + METERS}, "_info changed"),
        ({"more": "meters: [{}]\n"}, {"more": HEAD}, "the files have errors at that commit: more.yaml:1:10: error["),
    ],
)
def test_everything_is_compared_where_a_part_would_say_too_little(
    repo: Repository, old: dict[str, str], new: dict[str, str], reason: str
) -> None:
    repo.commit(**old)
    repo.git("branch", "--force", "base")
    repo.commit(**new)

    found = chosen(".", ref="base")

    assert found.since is not None
    assert (found.is_whole, found.since.everything.startswith(reason)) == (True, True), found.since


def test_everything_is_compared_where_files_are_new_or_links(repo: Repository, folder: Path) -> None:
    repo.write("new", HEAD + METERS)
    (folder / "link.yaml").symlink_to("meters.yaml")
    repo.commit()

    found = [chosen("new.yaml").since, chosen("link.yaml", ref="HEAD").since]

    assert [since.everything for since in found if since] == [
        "new.yaml isn't there at that commit",
        "link.yaml is a symbolic link at that commit",
    ]


@pytest.mark.parametrize(
    ("paths", "ref", "environment", "code"),
    [
        (("meters.yaml",), "nowhere", {}, "unknown-ref"),
        (("meters.yaml",), "--help", {}, "unknown-ref"),
        (("meters.yaml",), "", {}, "unknown-ref"),
        (("meters.yaml",), "orphan", {}, "no-merge-base"),
        (("meters.yaml", "other/more.yaml"), "main", {}, "no-repository"),
        (("meters.yaml",), "main", {"PATH": "/nowhere"}, "no-git"),
    ],
)
def test_what_git_cant_say_is_an_error(
    repo: Repository, folder: Path, paths: tuple[str, ...], ref: str, environment: dict[str, str], code: str
) -> None:
    repo.git("branch", "--force", "orphan", repo.git("commit-tree", "HEAD^{tree}", "-m", "alone"))
    (folder / "other").mkdir()
    repository(folder / "other").commit(more="features: [{key: f, name: F}]\n")

    with pytest.raises(Ended) as ended:
        chosen(*paths, ref=ref, **environment)

    assert [finding.code for finding in ended.value.findings] == [code]


def test_a_shallow_clone_is_named(repo: Repository, tmp_path_factory: pytest.TempPathFactory) -> None:
    repo.commit(meters=HEAD + METERS.replace("name: two", "name: second"))
    clone = tmp_path_factory.mktemp("clone")
    repo.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{repo.folder}", str(clone))

    with pytest.raises(Ended) as ended:
        chosen(str(clone / "meters.yaml"), ref="origin/main")

    [finding] = ended.value.findings
    assert (finding.code, finding.hint.partition(":")[0]) == ("no-merge-base", "The clone is shallow")


def test_files_from_stdin_or_outside_of_a_repository_have_no_history(shell: Shell, folder: Path) -> None:
    shop = (folder / "shop.yaml").read_text()

    piped = shell.run("diff", "-", "--server", "local:", "--since", "main", stdin=shop)
    alone = shell.run("diff", "shop.yaml", "--server", "local:", "--since", "main")
    planned = shell.run("diff", "--plan-file", "plan.json", "--since", "main")

    assert (piped.code, piped.err.splitlines()[0]) == (64, "error[since-stdin]: files from stdin have no history")
    assert (alone.code, alone.err.splitlines()[0]) == (
        64,
        "error[no-repository]: the files are not in one git repository",
    )
    assert (planned.code, "--since doesn't go with --plan-file" in planned.err) == (64, True)
