"""`--format` and `--out FORMAT=FILE`: every format of one result, whole, and without a word on the exit code."""

import json
from pathlib import Path

import pytest

from billsync.cli.terminal.outputs import FILES
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")


def written(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"shop.yaml", ".billsync"}


def test_one_run_writes_every_format_that_is_asked_for(shell: Shell, folder: Path) -> None:
    plain = shell.run("diff", "shop.yaml", *LOCAL, "--exit-code")
    as_json = shell.run("diff", "shop.yaml", *LOCAL, "--format", "json")

    ran = shell.run("diff", "shop.yaml", *LOCAL, "--exit-code", "--out", "json=c.json", "--out", "text=c.txt")

    assert (ran, written(folder)) == (plain, {"c.json", "c.txt"})
    assert ((folder / "c.json").read_text(), (folder / "c.txt").read_text()) == (as_json.out, plain.out)


def test_a_write_says_in_its_files_what_it_did(shell: Shell, folder: Path) -> None:
    (folder / "c.json").write_text("old")

    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--out", "json=c.json", "--out", "text=-")

    statuses = {change["status"] for change in json.loads((folder / "c.json").read_text())["changes"]["creating"]}
    assert (ran.code, statuses) == (0, {"done"})
    assert ran.out.endswith("Deleted: 0\n")


def test_a_file_that_cannot_be_written_stops_a_write_before_it_begins(shell: Shell, folder: Path) -> None:
    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--out", "json=missing/c.json")

    assert (ran.code, ran.out) == (1, "")
    assert "error[unwritable]" in ran.err
    assert not (folder / ".billsync" / "local.db").exists()


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (["json"], "'json' isn't FORMAT=FILE, such as json=changes.json."),
        (["yaml=c"], f"'yaml' is not a format; there are {', '.join(FILES)}."),
        (["json=c", "text=./c"], "./c is named twice; each format needs a file of its own."),
        (["json=-", "text=-"], "stdout takes one format: name it with --format, or with one --out FORMAT=-."),
    ],
)
def test_outputs_that_contradict_each_other_are_wrong_usage(shell: Shell, outputs: list[str], said: str) -> None:
    ran = shell.run("diff", "shop.yaml", *LOCAL, *(part for output in outputs for part in ("--out", output)))

    assert ran.code == 64
    assert said in " ".join(ran.err.split())


def test_a_comment_is_one_of_the_formats_and_has_a_name(shell: Shell, folder: Path) -> None:
    """A comment is one of the formats, has a name, and says where the whole is; customers' names are in it if asked."""
    text = (folder / "shop.yaml").read_text()
    (folder / "shop.yaml").write_text(text.replace("name: Acme Inc.", "name: Acme Secret Inc."))
    flags = ("--format", "markdown", "--comment-id", "staging")

    comment = shell.run("diff", "shop.yaml", *LOCAL, *flags)
    asked = shell.run("diff", "shop.yaml", *LOCAL, *flags, "--show-personal-data")
    wrong = shell.run("diff", "shop.yaml", *LOCAL, "--comment-id", "a b")

    assert (comment.code, comment.err, asked.code, wrong.code) == (0, "", 0, 64)
    assert comment.out.startswith("<!-- billsync-comment: staging -->\n### billsync: 6 changes\n")
    assert "publishing | `plan/prepaid@1` | reversible |" in comment.out
    assert asked.out.startswith(comment.out.partition("\n")[0])


def test_a_comment_says_whose_the_prices_of_several_new_plans_are(shell: Shell, folder: Path) -> None:
    """A comment has no captions: each table of prices stands below its plan's name."""
    phases = "phases: [{{key: main, name: M, rate_cards: [{1}]}}]"
    plan = f"{{{{key: {{0}}, name: P, currency: USD, billing_cadence: P1M, {phases}}}}}"
    card = "{key: fee, name: Fee, price: {type: flat, amount: '5'}, billing_cadence: P1M}"
    plans = ", ".join(plan.format(key, card) for key in ("basic", "pro"))
    (folder / "plans.yaml").write_text(f"_info: {{owner: me}}\nplans: [{plans}]\n")

    comment = shell.run("diff", "plans.yaml", *LOCAL, "--format", "markdown").out

    for key in ("basic", "pro"):
        assert f"`plan/{key}@1`:\n\n| rate card | price |\n|---|---|\n| `fee` | 5 USD, each P1M |\n" in comment
