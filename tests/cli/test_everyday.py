import dataclasses
import json
from pathlib import Path

import pytest

from billsync.kinds.registry import KINDS
from billsync.schema.codes import pages
from tests.support.command import Ran, Shell

LOCAL = ("--server", "local:")
NOTHING = "No changes.\n\nSummary:\n  Created: 0\n  Updated: 0\n  Deleted: 0\n"
EVERYTHING = """\
creating meter api_requests
creating feature api_requests
publishing plan prepaid@1
    phase default:
      api_requests: 0.002 USD a unit, each P1M
creating customer acme
granting grant acme/welcome (reversible until used)
subscribing subscription acme/default

Summary:
  Created: 6
  Updated: 0
  Deleted: 0
"""
DONE = EVERYTHING.replace(" (reversible until used)", "")


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_valid_files_are_counted(shell: Shell) -> None:
    ran = shell.run("validate", "shop.yaml")

    assert ran == Ran(0, "Valid: 1 meter, 1 feature, 1 plan, 1 customer, 1 grant, 1 subscription.\n", "")


def test_files_may_come_from_standard_input(shell: Shell, folder: Path) -> None:
    ran = shell.run("validate", "-", stdin=(folder / "shop.yaml").read_text())

    assert ran == Ran(0, "Valid: 1 meter, 1 feature, 1 plan, 1 customer, 1 grant, 1 subscription.\n", "")


def test_a_mistake_is_told_with_its_place_and_ends_with_1(shell: Shell, folder: Path) -> None:
    replace(folder / "shop.yaml", "feature: api_requests", "feature: api_request")

    ran = shell.run("validate", "shop.yaml")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err.splitlines()[0].startswith("shop.yaml:9:27: error[unknown-reference]: ")


def test_what_diff_shows_sync_does_and_then_there_is_nothing_to_do(shell: Shell) -> None:
    shown = shell.run("diff", "shop.yaml", *LOCAL)
    done = shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    again = shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    checked = shell.run("diff", "shop.yaml", *LOCAL, "--exit-code")

    assert (shown, done) == (Ran(0, EVERYTHING, ""), Ran(0, DONE, ""))
    assert (again, checked) == (Ran(0, NOTHING, ""), Ran(0, NOTHING, ""))


@pytest.mark.parametrize("flag", ["--exit-code", "--non-zero-exit-code"])
def test_pending_changes_are_2_when_asked_for(shell: Shell, flag: str) -> None:
    assert shell.run("diff", "shop.yaml", *LOCAL, flag).code == 2


def test_a_run_leaves_a_journal_and_a_run_without_changes_leaves_none(shell: Shell, folder: Path) -> None:
    shell.run("apply", "shop.yaml", *LOCAL, "--yes")
    shell.run("apply", "shop.yaml", *LOCAL, "--yes")

    journals = list((folder / ".billsync" / "journal").iterdir())
    first = json.loads(journals[0].read_text().splitlines()[0])
    assert len(journals) == 1
    assert (first["event"], first["target"], first["mode"]) == ("run", "local:.billsync/local.db", "apply")


def test_a_new_price_is_a_new_version_and_the_subscription_stays(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    replace(folder / "shop.yaml", '"0.002"', '"0.003"')

    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    again = shell.run("diff", "shop.yaml", *LOCAL, "--exit-code")

    assert ran.code == 0
    assert ran.out.splitlines()[0].endswith(" plan prepaid@2")
    assert ran.out.splitlines()[1] == "  ~ phases.default.rate_cards.api_requests.price.amount: 0.002 → 0.003"
    assert "note[grandfathered]: plan prepaid" in ran.out
    assert again.code == 0


def test_apply_never_deletes_and_sync_does(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    replace(
        folder / "shop.yaml", "meters:\n", "meters:\n  - {key: extra, name: X, event_type: x, aggregation: count}\n"
    )
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    replace(folder / "shop.yaml", "  - {key: extra, name: X, event_type: x, aggregation: count}\n", "")

    applied = shell.run("apply", "shop.yaml", *LOCAL, "--yes")
    synced = shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    assert "deleting" not in applied.out
    assert (synced.code, synced.out.splitlines()[0]) == (0, "deleting meter extra")


def test_a_ledger_shows_the_grant_and_the_balance(shell: Shell) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    ran = shell.run("ledger", "acme", *LOCAL)

    assert ran == Ran(
        0,
        """\
Credits of customer acme, 2026-09-01 00:00:00Z

Time                  Type    Name                      Amount  Before  After  Currency
2026-09-01 00:00:00Z  funded  Welcome credit (welcome)    +500       0    500  USD

Balance USD: settled 500, live 500
""",
        "",
    )


def test_a_ledger_of_nobody_is_an_error(shell: Shell) -> None:
    ran = shell.run("ledger", "nobody", *LOCAL)

    assert ran == Ran(
        1,
        "",
        "error[no-customer]: there is no such customer\n  local:.billsync/local.db has none with the key 'nobody'.\n",
    )


def test_a_dump_declares_what_is_live(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    dumped = shell.run("dump", *LOCAL, "-o", "dump.yaml")
    compared = shell.run("diff", "dump.yaml", *LOCAL, "--exit-code")

    assert (dumped.code, dumped.out) == (0, "")
    assert compared == Ran(0, NOTHING, "")


def test_a_dump_does_not_write_over_a_file_unless_told(shell: Shell, folder: Path) -> None:
    before = (folder / "shop.yaml").read_text()

    refused = shell.run("dump", *LOCAL, "-o", "shop.yaml")
    kept = (folder / "shop.yaml").read_text()
    written = shell.run("dump", *LOCAL, "-o", "shop.yaml", "--yes")

    assert (refused.code, kept, written.code) == (64, before, 0)
    assert (folder / "shop.yaml").read_text() != before


def test_ping_names_the_server_and_its_dialect(shell: Shell) -> None:
    ran = shell.run("ping", *LOCAL)

    first = "local:.billsync/local.db answers, and speaks the dialect openmeter, generation 2026-08."
    assert (ran.code, ran.out.splitlines()[0], ran.err) == (0, first, "")


def test_the_server_may_be_named_by_the_environment(shell: Shell, folder: Path) -> None:
    shell.environment = {"BILLSYNC_SERVER": "local:other.db"}

    ran = shell.run("ping")

    assert (ran.code, (folder / "other.db").exists()) == (0, True)


def test_the_person_at_the_terminal_is_asked_and_may_refuse(shell: Shell) -> None:
    refused = [shell.run("sync", "shop.yaml", *LOCAL, answer=answer) for answer in ("no\n", "y\n", "")]
    agreed = shell.run("sync", "shop.yaml", *LOCAL, answer="yes\n")

    grave = "granting grant acme/welcome (reversible until used)\n"
    last = (
        f"\nDeletes, and what can't be undone:\n  {grave}"
        "\nType yes to make these changes on local:.billsync/local.db [y/N]: "
    )
    asked = f"{EVERYTHING.replace(grave, '')}{last}"
    assert [ran for ran in refused if ran != Ran(1, "", f"{asked}error[declined]: nothing was done\n")] == []
    assert agreed == Ran(0, DONE, asked)


def test_a_terminal_shows_the_changes_only_before_the_question(shell: Shell) -> None:
    """At a terminal, the changes shown before the question are not shown again after the answer."""
    ran = dataclasses.replace(shell, width=100).run("sync", "shop.yaml", *LOCAL, answer="yes\n")

    assert ran.out == "Summary:\n  Created: 6\n  Updated: 0\n  Deleted: 0\n"
    assert ran.err.count("publishing plan prepaid@1\n") + ran.err.count("publishing plan prepaid@1\x1b[0m\n") == 1


def test_a_write_without_a_terminal_needs_yes(shell: Shell) -> None:
    ran = shell.run("sync", "shop.yaml", *LOCAL)

    assert ran == Ran(
        64, "", "error[no-consent]: not a terminal: pass --yes\n  Review the changes with `billsync diff` first.\n"
    )


def test_json_of_diff_and_sync_name_the_same_changes(shell: Shell) -> None:
    shown = json.loads(shell.run("diff", "shop.yaml", *LOCAL, "--format", "json").out)
    done = json.loads(shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--format=json").out)

    names = [(c["kind"], c["name"], c["verb"]) for c in shown["changes"]["creating"]]
    assert [(c["kind"], c["name"], c["verb"]) for c in done["changes"]["creating"]] == names
    assert {c["status"] for c in done["changes"]["creating"]} == {"done"}
    assert (shown["summary"]["total"], done["summary"]["total"]) == (6, 6)


def test_explain_tells_what_a_field_is(shell: Shell) -> None:
    ran = shell.run("explain", "grant.amount")

    lines = ran.out.splitlines()
    assert (ran.code, lines[0]) == (0, "grant.amount: an exact number, plain or quoted (required)")


@pytest.mark.parametrize("kind", KINDS)
def test_the_example_in_an_explanation_is_valid(shell: Shell, folder: Path, kind: str) -> None:
    example = shell.run("explain", kind).out.partition("\nExample:\n")[2]
    others = [kind.collection for kind in KINDS.values() if f"  {kind.collection}:\n" not in example]
    external = {"external": {name: ["*"] for name in others}}
    (folder / "example.yaml").write_text(example)
    (folder / "external.json").write_text(json.dumps(external))

    ran = shell.run("validate", "example.yaml", "external.json")

    assert [line for line in ran.err.splitlines() if "missing-field" not in line and not line.startswith("  ")] == []


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("grants.amuont", 'error[unknown-field]: there is no such field\n  "amuont"\n  Did you mean "amount"?\n'),
        (
            "unknown-refrence",
            'error[unknown-topic]: there is no such topic\n  "unknown-refrence"\n  Did you mean "unknown-reference"?\n',
        ),
        ("grnt", 'error[unknown-topic]: there is no such topic\n  "grnt"\n  Did you mean "grant"?\n'),
        ("meter.key.x", 'error[unknown-field]: there is no such field\n  "x"\n  It has none.\n'),
    ],
)
def test_explaining_what_is_not_there_offers_what_is(shell: Shell, topic: str, message: str) -> None:
    assert shell.run("explain", topic) == Ran(64, "", message)


def test_explain_says_what_a_code_means(shell: Shell) -> None:
    text, data = shell.run("explain", "no-owner"), json.loads(shell.run("explain", "no-owner", "--format", "json").out)

    _, code = pages()["no-owner"]
    assert text.out.startswith(f"no-owner: {code.summary}\n  {code.doc[:40]}")
    assert text.out.endswith(f"Example:\n  error[no-owner]: {code.summary}\n    {code.example}\n")
    assert data == {
        "code": "no-owner",
        "summary": code.summary,
        "doc": code.doc,
        "chapter": "The header and the library",
        "example": f"error[no-owner]: {code.summary}\n  {code.example}",
    }


def test_explain_prefers_a_topic_to_a_code_of_the_same_name(shell: Shell) -> None:
    """`explain phase` shows the topic, `explain code.phase` the code of the same name."""
    topic, code = shell.run("explain", "phase"), shell.run("explain", "code.phase")

    assert (topic.out.splitlines()[0], code.out.splitlines()[0]) == ("phase: a map", "phase: the phase that it is in")


def test_explain_without_a_topic_lists_them(shell: Shell) -> None:
    text, data = shell.run("explain"), json.loads(shell.run("explain", "--format", "json").out)

    names = [line.split()[0] for line in text.out.splitlines() if line.startswith("  ")]
    assert names == [topic["name"] for topic in data["topics"]]
    assert {"meter", "plan", "rate_card", "phase", "_info", "external", "adopted"} <= set(names)
    assert all(topic["doc"] for topic in data["topics"])


def test_every_listed_topic_is_explained(shell: Shell) -> None:
    names = [topic["name"] for topic in json.loads(shell.run("explain", "--format", "json").out)["topics"]]

    said = {name: shell.run("explain", name) for name in names}

    assert {name: (ran.code, ran.out.split(":")[0]) for name, ran in said.items()} == {
        name: (0, name) for name in names
    }


@pytest.mark.parametrize(
    ("topic", "head"),
    [
        ("plan.phases[].key", "plan.phases.key: a text (required)"),
        ("phases[].key", "phase.key: a text (required)"),
        ("phases[].rate_cards[].price", "phase.rate_cards.price: a map (required)"),
        ("meter.dimensions.*", "meter.dimensions: a map with names of your own"),
        (
            "rate_card.price.tiers[].up_to_amount",
            "rate_card.price.tiers.up_to_amount: an exact number, plain or quoted",
        ),
        ("rate_cards", "rate_card: a map"),
        ("phase.duration", "phase.duration: an ISO 8601 duration"),
        ("_info.policy.prices[].max_increase", "_info.policy.prices.max_increase: a percentage"),
        ("_info.owner", "_info.owner: a text"),
        ("_info.defaults.plan.currency", "_info.defaults.plan.currency: a text"),
        ("external.plans", "external.plans: a list"),
        ("usage_attribution.subject_keys", "customer.usage_attribution.subject_keys: a list of: a text (required)"),
    ],
)
def test_a_topic_may_be_a_part_of_a_file_or_a_path_as_in_the_docs(shell: Shell, topic: str, head: str) -> None:
    ran = shell.run("explain", topic)

    assert (ran.code, ran.out.splitlines()[0]) == (0, head)


def test_a_field_without_its_kind_is_found_unless_several_have_it(shell: Shell) -> None:
    one, several = shell.run("explain", "aggregation"), shell.run("explain", "tax_config")

    assert one.out.startswith("meter.aggregation: ")
    assert several == Ran(
        64,
        "",
        'error[unknown-topic]: there is no such topic\n  "tax_config"\n'
        "  Several have such a field: grant.tax_config, rate_card.tax_config.\n",
    )


def test_validate_counts_in_json_too(shell: Shell, folder: Path) -> None:
    found = json.loads(shell.run("validate", "shop.yaml", "--format", "json").out)

    assert found["declared"] == {
        "meters": 1,
        "features": 1,
        "tax_codes": 0,
        "addons": 0,
        "plans": 1,
        "customers": 1,
        "grants": 1,
        "subscriptions": 1,
    }


def test_the_schema_of_a_file_and_of_a_kind_are_json(shell: Shell) -> None:
    whole, one = shell.run("schema"), shell.run("schema", "plans")

    assert "plans" in json.loads(whole.out)["properties"]
    assert "phases" in json.loads(one.out)["properties"]


def test_json_of_a_new_version_has_the_version_that_it_takes_the_place_of(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    replace(folder / "shop.yaml", 'amount: "0.002"', 'amount: "0.003"')

    (change,) = json.loads(shell.run("diff", "shop.yaml", *LOCAL, "--format=json").out)["changes"]["updating"]

    prices = [change["body"][side]["phases"][0]["rate_cards"][0]["price"]["amount"] for side in ("old", "new")]
    assert prices == ["0.002", "0.003"]


def test_the_losses_of_a_dump_are_written_as_json(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    ran = shell.run("dump", *LOCAL, "--losses", "losses.json")

    report = json.loads((folder / "losses.json").read_text())
    assert ran.code == 0
    assert (report["format_version"], report["count"]) == ("1.0", sum(row["count"] for row in report["losses"]))
    assert {row["code"]: (row["kind"], row["count"]) for row in report["losses"]}["every"] == ("subscription", 1)
    assert shell.run("dump", *LOCAL, "--losses", "losses.json").code == 64
    assert shell.run("dump", *LOCAL, "--losses", "-").code == 64
    assert shell.run("dump", *LOCAL, "-o", "dump.yaml", "--losses", "-").out == (folder / "losses.json").read_text()
    assert not (folder / "-").exists()
