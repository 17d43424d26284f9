"""`--select` and `_info.select`: a part of the files, with what it needs; stderr says what is left out."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.command import Shell

LEFT = "Left out: 1 meter, 1 feature, 1 plan, 1 grant and 1 subscription."


@pytest.mark.parametrize("flag", ["--select", "--target"])
def test_a_part_is_applied_with_what_it_needs(shell: Shell, flag: str) -> None:
    ran = shell.run("sync", "shop.yaml", "--server", "local:", "--yes", flag, "plan/*")
    again = shell.run("diff", "shop.yaml", "--server", "local:", flag, "plan/*", "--exit-code")

    assert ran.err.splitlines()[0] == (
        "Selected: 1 plan, with 1 meter and 1 feature that it needs. Left out: 1 customer, 1 grant and 1 subscription."
    )
    assert [line.split()[1] for line in ran.out.splitlines() if line.startswith(("creating", "publishing"))] == [
        "meter",
        "feature",
        "plan",
    ]
    assert (ran.code, again.code, again.out.splitlines()[0]) == (0, 0, "No changes.")


def test_a_delete_is_within_the_selection(shell: Shell, folder: Path) -> None:
    """What is no longer declared goes where it is selected, and stays where it isn't."""
    two = "meters:\n" + "".join(
        f"  - {{key: {key}, name: N, event_type: e, aggregation: count}}\n" for key in ("one", "two", "three")
    )
    head = "_info: {owner: payments}\n"
    (folder / "more.yaml").write_text(head + two)
    shell.run("sync", "more.yaml", "--server", "local:", "--yes")
    (folder / "more.yaml").write_text(head + two.splitlines(keepends=True)[0] + two.splitlines(keepends=True)[3])

    ran = shell.run("diff", "more.yaml", "--server", "local:", "--select", "meter/one", "--out", "plan=plan.json")
    again, page, json_ = (
        shell.run("diff", "--plan-file", "plan.json", "--format", form).out for form in ("text", "markdown", "json")
    )

    assert [line for line in ran.out.splitlines() if line.startswith("deleting")] == [
        "deleting meter one (irreversible)"
    ]
    assert ran.err.splitlines() == [
        "Selected: nothing that is declared. Left out: 1 meter.",
        "Selected on the server: 1 meter that the files don't declare.",
    ]
    assert (again, again.splitlines()[-1]) == (ran.out, "  Selected: meter/one")
    assert ("A part of the files: `meter/one`" in page, json.loads(json_)["selection"]) == (True, ["meter/one"])


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("plan/prepiad", "Did you mean plan/prepaid?"),
        ("grant/welcome", "Did you mean grant/acme/welcome?"),
        ("plans/prepaid", "no kind is 'plans': did you mean plan/prepaid?"),
        ("plan", "'plan' is not KIND/KEY, such as plan/pro"),
    ],
)
def test_a_selection_of_nothing_is_an_error_with_a_near_name(shell: Shell, pattern: str, said: str) -> None:
    ran = [shell.run("validate", "shop.yaml", "--select", pattern)]
    ran += [shell.run("sync", "shop.yaml", "--server", "local:", "--yes", "--select", pattern)]

    assert [(each.code, said in each.err) for each in ran] == [(64, True), (64, True)]


def test_validate_counts_the_part(shell: Shell) -> None:
    ran = shell.run("validate", "shop.yaml", "--select", "customer/acme")

    assert (ran.out, ran.err) == ("Valid: 1 customer.\n", f"Selected: 1 customer. {LEFT}\n")


def test_files_can_be_about_some_kinds(shell: Shell, folder: Path) -> None:
    """Of other kinds nothing is written, and nothing is read that these don't need."""
    text = (folder / "shop.yaml").read_text().replace("owner: payments", "owner: payments\n  select: {kinds: [meter]}")
    (folder / "shop.yaml").write_text(text)

    ran = shell.run("sync", "shop.yaml", "--server", "local:", "--yes", "--verbose")
    moved = shell.run("migrate", "shop.yaml", "--server", "local:", "--yes", "--plan", "prepaid", "--to", "latest")

    said, *requests = ran.err.splitlines()
    assert said == "Selected: 1 meter. Left out: 1 feature, 1 plan, 1 customer, 1 grant and 1 subscription."
    lists = {line.split()[1].removesuffix(":").split("/")[2] for line in requests if "openapi" not in line}
    assert (ran.code, ran.out.splitlines()[0], lists) == (0, "creating meter api_requests", {"meters", "features"})
    assert (moved.code, "error[nothing-selected]" in moved.err) == (1, True)
