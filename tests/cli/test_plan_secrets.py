"""Plan files and values from `!env` and `!file`: they aren't in it, and must be the reviewed ones when it runs."""

from pathlib import Path

import pytest

from tests.support.command import Shell

pytestmark = pytest.mark.thorough

CANARY, OLDER, OTHER = "cus_CANARY0123456789", "cus_OLDER9876543210", "cus_OTHER1111111111"
FILES = """\
_info: {owner: payments}
customers:
  - {key: acme, name: Acme, labels: {stripe: !env STRIPE_ID}, primary_email: !file mail.txt}
"""
PLAN = ("--plan-file", "plan.json")


@pytest.fixture
def server(folder: Path) -> tuple[str, str]:
    """The embedded server by its whole path, and files that take a value from outside."""
    (folder / "shop.yaml").write_text(FILES)
    (folder / "mail.txt").write_text("canary@example.com\n")
    return ("--server", f"local:{folder}/shop.db")


def shell_with(value: str | None, **more: str) -> Shell:
    return Shell(environment={**more, **({"STRIPE_ID": value} if value else {})})


def test_a_plan_file_holds_no_value_from_outside(server: tuple[str, str], folder: Path) -> None:
    """Neither the present value nor the older one that it replaces is in the plan file, and it runs with the first."""
    assert shell_with(OLDER).run("sync", "shop.yaml", *server, "--yes").code == 0

    shell = shell_with(CANARY, BILLSYNC_PLAN_KEY="key")
    saved = shell.run("diff", "shop.yaml", *server, "--out", "plan=plan.json", "--exit-code")
    ran = shell.run("sync", *PLAN, *server, "--yes")
    again = shell.run("sync", *PLAN, *server, "--yes")

    text = (folder / "plan.json").read_text()
    assert (saved.code, ran.code, again.code) == (2, 0, 0)
    assert "env STRIPE_ID" in text
    assert [word for word in (CANARY, OLDER, "canary@example.com") if word in text + ran.out + again.out] == []
    assert shell.run("diff", "shop.yaml", *server, "--exit-code").code == 0


@pytest.mark.parametrize(
    ("value", "key", "said"),
    [
        (None, "key", "STRIPE_ID is not set."),
        (OTHER, "key", "env STRIPE_ID isn't the value that was reviewed"),
        (CANARY, "", "or BILLSYNC_PLAN_KEY is another."),
    ],
)
def test_a_value_that_was_not_reviewed_is_refused(
    server: tuple[str, str], value: str | None, key: str, said: str
) -> None:
    first = shell_with(CANARY, BILLSYNC_PLAN_KEY="key")
    assert first.run("diff", "shop.yaml", *server, "--out", "plan=plan.json").code == 0

    ran = shell_with(value, BILLSYNC_PLAN_KEY=key).run("sync", *PLAN, *server, "--yes")

    assert (ran.code, ran.out) == (1, "")
    assert "error[plan-file-secret]" in ran.err
    assert said in ran.err
    assert OTHER not in ran.err


def test_a_plan_file_that_would_hold_a_secret_is_not_made(server: tuple[str, str], folder: Path) -> None:
    (folder / "shop.yaml").write_text(FILES + f"  - {{key: birch, name: Birch, labels: {{stripe: {CANARY}}}}}\n")

    ran = shell_with(CANARY).run("diff", "shop.yaml", *server, "--out", "plan=plan.json")

    assert (ran.code, ran.out, (folder / "plan.json").exists()) == (1, "", False)
    assert "error[plan-file-secret]" in ran.err
    assert CANARY not in ran.err


def test_an_older_secret_that_somebody_changed_makes_a_step_stale(server: tuple[str, str]) -> None:
    assert shell_with(OLDER).run("sync", "shop.yaml", *server, "--yes").code == 0
    assert shell_with(CANARY).run("diff", "shop.yaml", *server, "--out", "plan=plan.json").code == 0
    assert shell_with(OTHER).run("sync", "shop.yaml", *server, "--yes").code == 0

    ran = shell_with(CANARY).run("sync", *PLAN, *server, "--yes")

    assert ran.code == 5
    assert "labels.stripe" in ran.out
    assert [word for word in (CANARY, OLDER, OTHER) if word in ran.out + ran.err] == []
