"""Plan files from the command line: what was reviewed is exactly what runs, and nothing else does."""

import json
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from billsync.app.planning.plan_files import for_later, intended_by
from billsync.cli.terminal.outputs import RENDERERS
from billsync.core.plan_file import sealed
from billsync.live.organization import Organization
from billsync.model.change import PlanFile
from tests.support.command import Ran, Shell
from tests.support.world import World

pytestmark = pytest.mark.thorough

PLAN = "plan.json"


@pytest.fixture
def server(folder: Path) -> tuple[str, str]:
    """The embedded server by its whole path, the same from each directory."""
    return ("--server", f"local:{folder}/shop.db")


@pytest.fixture
def saved(shell: Shell, server: tuple[str, str]) -> Ran:
    """A diff that wrote a plan file."""
    ran = shell.run("diff", "shop.yaml", *server, "--out", f"plan={PLAN}")
    assert ran.code == 0
    return ran


def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Another directory, which holds nothing but the plan file."""
    there = folder / "elsewhere"
    there.mkdir()
    shutil.move(folder / PLAN, there)
    monkeypatch.chdir(there)
    return there


def edited(folder: Path, **members: object) -> None:
    """Change the plan file, with a digest that fits."""
    document = json.loads((folder / PLAN).read_text())
    (folder / PLAN).write_text(json.dumps(sealed({**document, **members})))


def test_a_plan_file_runs_without_its_files_from_any_directory(
    shell: Shell, folder: Path, server: tuple[str, str], saved: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(folder, monkeypatch)

    ran = shell.run("sync", "--plan-file", PLAN, *server, "--yes", "--format", "json")
    again = shell.run("sync", "--plan-file", PLAN, *server, "--yes", "--format", "json")

    statuses = [{one["status"] for one in json.loads(each.out)["changes"]["creating"]} for each in (ran, again)]
    assert (ran.code, again.code, statuses) == (0, 0, [{"done"}, {"already"}])
    assert shell.run("diff", str(folder / "shop.yaml"), *server, "--exit-code").code == 0


@pytest.mark.parametrize("form", RENDERERS)
def test_a_plan_file_is_shown_again_offline_as_it_was_shown(
    shell: Shell, folder: Path, server: tuple[str, str], saved: Ran, form: str
) -> None:
    first = shell.run("diff", "shop.yaml", *server, "--format", form, "--exit-code")
    (folder / "shop.db").unlink()

    again = shell.run("diff", "--plan-file", PLAN, "--format", form, "--exit-code", "--out", "plan=copy.json")

    assert (again, first.code) == (first, 2)
    assert (folder / "copy.json").read_bytes() == (folder / PLAN).read_bytes()
    assert not (folder / "shop.db").exists()


def test_the_same_moment_gives_the_same_bytes(shell: Shell, folder: Path, server: tuple[str, str], saved: Ran) -> None:
    shell.run("diff", "shop.yaml", *server, "--out", "plan=other.json")

    assert (folder / "other.json").read_bytes() == (folder / PLAN).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "members", "code"),
    [
        (("apply",), {}, "plan-file-mode"),
        (("sync", "--owner", "search"), {}, "plan-file-owner"),
        (("sync", "--server", "local:other.db"), {}, "plan-file-target"),
        (("sync", "--dialect", "openmeter@later"), {}, "plan-file-target"),
        (("sync",), {"format_version": "9.0"}, "plan-file-format"),
        (("sync",), {"steps": [{}]}, "bad-plan-file"),
        (("sync",), {"intended": {"dialect": "konnect"}}, "wrong-target"),
    ],
)
def test_a_run_that_was_not_approved_is_refused(
    shell: Shell,
    folder: Path,
    server: tuple[str, str],
    saved: Ran,
    arguments: tuple[str, ...],
    members: dict[str, object],
    code: str,
) -> None:
    edited(folder, **members)

    ran = shell.run(arguments[0], *server, *arguments[1:], "--plan-file", PLAN, "--yes")

    assert (ran.code, ran.out) == (1, "")
    assert f"error[{code}]" in ran.err
    assert not (folder / "shop.db").exists() or shell.run("diff", "shop.yaml", *server, "--exit-code").code == 2


def test_an_edited_plan_file_is_refused(shell: Shell, folder: Path, server: tuple[str, str], saved: Ran) -> None:
    (folder / PLAN).write_text((folder / PLAN).read_text().replace('"500"', '"5000"'))

    ran, shown = shell.run("sync", "--plan-file", PLAN, *server, "--yes"), shell.run("diff", "--plan-file", PLAN)

    assert [(each.code, each.out) for each in (ran, shown)] == [(1, "")] * 2
    assert all("error[plan-file-edited]" in each.err for each in (ran, shown))


def test_an_expired_plan_file_is_shown_and_not_run(
    shell: Shell, folder: Path, server: tuple[str, str], saved: Ran
) -> None:
    shell.clock.advance(timedelta(hours=24).total_seconds())

    ran, shown = shell.run("sync", "--plan-file", PLAN, *server, "--yes"), shell.run("diff", "--plan-file", PLAN)

    assert (ran.code, ran.out, shown.code, shown.out) == (1, "", 0, saved.out)
    assert ("error[plan-file-expired]" in ran.err, "note[plan-file-expired]" in shown.err) == (True, True)


def test_a_longer_expiry_is_taken(shell: Shell, folder: Path, server: tuple[str, str]) -> None:
    shell.run("diff", "shop.yaml", *server, "--out", f"plan={PLAN}", "--expires", "7d")
    shell.clock.advance(timedelta(days=6, hours=23).total_seconds())

    assert shell.run("sync", "--plan-file", PLAN, *server, "--yes", "--owner", "payments").code == 0


def test_a_guard_of_the_decision_stops_the_run(shell: Shell, folder: Path, server: tuple[str, str]) -> None:
    shop = folder / "shop.yaml"
    assert shell.run("sync", "shop.yaml", *server, "--yes").code == 0
    shop.write_text(shop.read_text().replace("    subscription: {plan: prepaid}\n", "    subscriptions: []\n"))

    stopped = shell.run("diff", "shop.yaml", *server, "--out", f"plan={PLAN}")
    refused = shell.run("sync", "--plan-file", PLAN, *server, "--yes")
    shell.run("diff", "shop.yaml", *server, "--out", f"plan={PLAN}", "--allow", "cancel")
    ran = shell.run("sync", "--plan-file", PLAN, *server, "--yes")

    assert (stopped.code, refused.code, ran.code) == (4, 4, 0)
    assert json.loads((folder / PLAN).read_text())["allowed"] == ["cancel"]


def test_a_plan_file_for_apply_deletes_nothing(shell: Shell, folder: Path, server: tuple[str, str]) -> None:
    assert shell.run("sync", "shop.yaml", *server, "--yes").code == 0
    (folder / "shop.yaml").write_text(
        "_info: {owner: payments}\ntax_codes: []\nfeatures: []\nplans: []\ncustomers: [{key: acme, name: Acme Inc.}]\n"
    )

    ran = shell.run("diff", "shop.yaml", *server, "--mode", "apply", "--out", f"plan={PLAN}", "--exit-code")

    assert (ran.code, json.loads((folder / PLAN).read_text())["steps"]) == (0, [])
    assert shell.run("apply", "--plan-file", PLAN, *server, "--yes").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sync", "shop.yaml", "--plan-file", PLAN, "--yes"), "PATHs don't go with --plan-file"),
        (("sync", "--plan-file", PLAN, "--yes", "--allow", "cancel"), "--allow doesn't go with --plan-file"),
        (("diff", "--plan-file", PLAN, "--server", "local:"), "--server doesn't go with --plan-file"),
        (("diff", "--plan-file", PLAN, "--expires", "7d"), "--expires doesn't go with --plan-file"),
        (("diff", "shop.yaml", "--server", "local:", "--expires", "7d"), "--expires goes with --out plan=FILE"),
        (("diff", "shop.yaml", "--server", "local:", "--expires", "1y"), "'1y' is not a time like 90m"),
        (("sync", "shop.yaml", "--owner", "payments", "--yes"), "--owner goes with --plan-file"),
        (("sync", "shop.yaml", "--server", "local:", "--yes", "--out", f"plan={PLAN}"), "'plan' is not a format"),
        (("sync", "--yes"), "Missing argument 'PATH...'."),
    ],
)
def test_options_that_contradict_a_plan_file_are_wrong_usage(
    shell: Shell, arguments: tuple[str, ...], said: str
) -> None:
    ran = shell.run(*arguments)

    assert ran.code == 64
    assert said in " ".join(ran.err.split())


def test_the_organization_of_the_token_is_part_of_the_server() -> None:
    """One address of Konnect leads to every organization, so a plan file names the one in which it was made."""
    world = World()
    connection = replace(world.connection(), read_organization=lambda: Organization("org-1", "Acme"))
    made = PlanFile(connection.target, "payments", "sync", (), (), created_at="2026-09-01T12:00:00Z")

    plan = for_later(made, connection, timedelta(hours=1))

    assert (intended_by(plan).org, plan.expires_at) == ("org-1", "2026-09-01T13:00:00+00:00")
    world.close()


def test_a_plan_file_that_is_not_there_is_said(shell: Shell, server: tuple[str, str]) -> None:
    ran = shell.run("sync", "--plan-file", "missing.json", *server, "--yes")

    assert ran.code == 1
    assert "error[no-plan-file]: the plan file can't be read" in ran.err
