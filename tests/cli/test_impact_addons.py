"""The impact of new versions of add-ons, on the embedded server from the first sync to the estimate."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from billsync.live.lists.paging import Refused, read_list
from billsync.model.ports import Answer, Remote
from tests.support.addon_shop import (
    CATALOG,
    LOCAL,
    attach,
    edited,
    impact,
    rows,
    sell,
    server,
    subscription_of,
    totals,
)
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

DOCUMENTATION = Path(__file__).resolve().parents[2] / "docs" / "impact.md"


@pytest.fixture
def sold(shell: Shell, folder: Path) -> Shell:
    return sell(shell, folder)


DEARER = (('amount: "5"', 'amount: "7"'), ('amount: "3"', 'amount: "4"'), ('amount: "0.1"', 'amount: "0.2"'))


def test_new_versions_of_addons_say_who_would_pay_what(sold: Shell, folder: Path) -> None:
    """Acme: 10 + 2 × 5 → 10 + 2 × 7. Birch: 10 + 2 × 3 → 10 + 2 × 4. Cedar: 10 + 100 × 0.1 → 10 + 100 × 0.2."""
    edited(folder, *DEARER)

    told = impact(sold, "--impact")

    assert (
        told
        == """\
 (an estimate): the declared subscriptions, usage of the last full billing period, old and new prices.

addon/blocks@2: 1 reached, usage from 2026-10-01 to 2026-11-01
  1 grandfathered; no change now; if they were moved:
    USD 20 → 24 (+4): 1 pays more, 0 pay less, 0 the same
      Subscription  Change  Before  After
      acme/default      +4      20     24

addon/boost@2: 1 reached, usage from 2026-10-01 to 2026-11-01
  1 would move to it, but not by this run; no change now; once moved:
    USD 16 → 18 (+2): 1 pays more, 0 pay less, 0 the same
      Subscription   Change  Before  After
      birch/default      +2      16     18

addon/maps@2: 1 reached, usage from 2026-10-01 to 2026-11-01
  1 grandfathered; no change now; if they were moved:
    USD 20 → 30 (+10): 1 pays more, 0 pay less, 0 the same
      Subscription   Change  Before  After
      cedar/default     +10      20     30

plan/pro@2: 4 reached, usage from 2026-10-01 to 2026-11-01
  1 would move to it, but not by this run; no change now; once moved:
    USD 16 → 16 (0): 0 pay more, 0 pay less, 1 the same
  3 grandfathered; no change now; if they were moved:
    USD 50 → 50 (0): 0 pay more, 0 pay less, 3 the same

Left out: taxes, payment fees, one-time fees, and credits, also those bought.
Meter queries: 1. Subscriptions asked for their add-ons: 3.
"""
    )


def test_the_documentation_has_the_same_numbers(sold: Shell, folder: Path) -> None:
    edited(folder, *DEARER)
    (by_hand,) = re.findall(r"## An add-on, by hand\n(.*?)\n## ", DOCUMENTATION.read_text(), re.DOTALL)

    told = impact(sold, "--impact").partition("plan/pro@2")[0]

    assert re.findall(r"USD (\d+ → \d+)", told) == re.findall(r"\*\*(\d+ → \d+)\*\*", by_hand)


def test_a_plan_and_an_addon_change_each_count_their_own_part(sold: Shell, folder: Path) -> None:
    edited(folder, ('amount: "3"', 'amount: "4"'), ('amount: "10"', 'amount: "12"'))

    told = impact(sold, "--impact")

    assert totals(told) == [
        ("addon/boost@2", "16 → 18"),
        ("plan/pro@2", "16 → 18"),
        ("plan/pro@2", "50 → 56"),
        ("together", "16 → 20"),
    ]


def test_the_combined_impact_counts_those_several_changes_affect(sold: Shell, folder: Path) -> None:
    """The combined impact of several changes counts only the subscriptions to which they make a difference.

    Birch: 12 + 2 × 4 once moved. Acme has two blocks: 12 + 2 × 7 if it were moved; only the plan reaches others.
    """
    edited(folder, *DEARER[:2], ('amount: "10"', 'amount: "12"'))

    told = impact(sold, "--impact")
    ran = sold.run("diff", "shop", *LOCAL, "--impact", "--impact-details", "--format", "json")

    assert told.partition("together: ")[2].partition("\n\n")[0].splitlines() == [
        "2 reached by several changes, usage from 2026-10-01 to 2026-11-01",
        "  1 would move, but not by this run; no change now; once moved:",
        "    USD 16 → 20 (+4): 1 pays more, 0 pay less, 0 the same",
        "      Subscription   Change  Before  After",
        "      birch/default      +4      16     20",
        "  1 grandfathered; no change now; if they were moved:",
        "    USD 20 → 26 (+6): 1 pays more, 0 pay less, 0 the same",
        "      Subscription  Change  Before  After",
        "      acme/default      +6      20     26",
    ]
    last = json.loads(ran.out)["impact"]["changes"][-1]
    assert (last["change"], last["reached"], last["grandfathered"]["currencies"][0]["after"]) == ("together", 2, "26")
    assert "by several changes" not in impact(sold, "--impact", "--impact-anonymous")


def test_a_card_that_comes_and_a_card_that_goes_are_counted(sold: Shell, folder: Path) -> None:
    """Acme paid 2 × 5 for blocks; now it would pay 2 × 4 for support instead, beside the plan's 10."""
    old = '{key: blocks, name: Blocks, billing_cadence: P1M, price: {type: flat, amount: "5"}}'
    edited(folder, (old, '{key: support, name: Support, billing_cadence: P1M, price: {type: flat, amount: "4"}}'))

    ran = sold.run("diff", "shop", *LOCAL, "--impact", "--impact-details", "--format", "json")

    (change,) = (one for one in json.loads(ran.out)["impact"]["changes"] if one["change"] == "addon/blocks@2")
    (bill,) = change["subscriptions"][0]["periods"]
    assert [[(one["card"], one["total"]) for one in bill[side]] for side in ("before", "after")] == [
        [("base", "10"), ("blocks", "10")],
        [("base", "10"), ("support", "8")],
    ]


def test_all_reaches_subscriptions_of_plans_that_no_file_declares(sold: Shell, folder: Path) -> None:
    (folder / "shop" / "customers.yaml").unlink()
    catalog = folder / "shop" / "catalog.yaml"
    catalog.write_text(CATALOG.partition("plans:")[0])
    edited(folder, *DEARER)

    declared = impact(sold, "--impact")
    everybody = impact(sold, "--impact=all")

    assert "No price change reaches a subscription." in declared
    assert totals(everybody) == [
        ("addon/blocks@2", "20 → 24"),
        ("addon/boost@2", "16 → 18"),
        ("addon/maps@2", "20 → 30"),
    ]
    assert everybody.endswith("Meter queries: 1. Subscriptions asked for their add-ons: 3.\n")


def test_who_gets_the_addon_only_later_can_not_be_rated(sold: Shell, folder: Path) -> None:
    with server(sold) as client:
        attach(client, "dune", "boost", 1, "next_billing_cycle")
    edited(folder, *DEARER[1:2])

    told = impact(sold, "--impact")

    assert "addon/boost@2: 2 reached, usage from 2026-10-01 to 2026-11-01\n" in told
    assert "  not estimated: dune/default: it gets the add-on only later\n" in told


def test_who_has_none_of_the_addon_any_more_is_not_reached(sold: Shell, folder: Path) -> None:
    with server(sold) as client:
        path = f"/subscriptions/{subscription_of(client, 'birch')}/addons"
        (row,) = rows(client, path)
        body = {"quantity": 0, "timing": "immediate"}
        answer = client.patch(f"http://local/api/v1{path}/{row['id']}", json=body)
        assert answer.status_code == 200, answer.text
    edited(folder, *DEARER[1:2])

    told = impact(sold, "--impact")

    assert "addon/boost@2" not in told
    assert "Subscriptions asked for their add-ons: 3.\n" in told


def test_an_addon_that_began_within_the_period_is_reported_as_partial(sold: Shell, folder: Path) -> None:
    """A subscription whose add-on began within the period is reported as not rated for the whole period."""
    edited(folder, *DEARER[:1])

    told = impact(sold, "--impact", "--impact-periods", "2")

    assert "  left out: 1 subscription has blocks only since it was last changed, not for the whole period\n" in told


def test_where_addons_can_not_be_read_every_candidate_is_named(
    sold: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused_below_subscriptions(remote: Remote, path: str, *more: Any) -> Any:
        if path.startswith("/openmeter/subscriptions/"):
            raise Refused(path, Answer(404, None, "no such path"))
        return read_list(remote, path, *more)

    monkeypatch.setattr("billsync.app.server.connection.read_list", refused_below_subscriptions)
    edited(folder, *DEARER[:1])

    told = impact(sold, "--impact")

    block = told.partition("addon/blocks@2: ")[2].partition("\n\n")[0]
    assert block.splitlines() == [
        "3 reached, none of them estimated",
        *(f"  not estimated: {key}/default: its add-ons can't be read (404)" for key in ("acme", "birch", "cedar")),
    ]


def test_asking_for_addons_counts_as_requests_and_can_be_sampled(
    sold: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("billsync.app.impact.facts.REQUESTS_AT_MOST", 2)
    edited(folder, *DEARER)

    refused = sold.run("diff", "shop", *LOCAL, "--impact")
    sampled = impact(sold, "--impact", "--impact-sample", "2")

    assert (refused.code, refused.out) == (64, "")
    assert refused.err.startswith("error[many-requests]: the impact would need too many requests\n  It would need 3, ")
    assert "\nA sample: 2 of 4 subscriptions.\n" in sampled


def test_without_names_it_is_not_said_how_few_have_addons(sold: Shell, folder: Path) -> None:
    edited(folder, *DEARER)

    told = impact(sold, "--impact", "--impact-anonymous")

    assert "Subscriptions asked for their add-ons: fewer than 5.\n" in told
    assert "addon/blocks@2: some reached" in told
