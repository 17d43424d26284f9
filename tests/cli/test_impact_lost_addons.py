"""The impact of add-ons that go, or of which a plan offers less, on the embedded server."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from billsync.live.lists.paging import Refused, read_list
from billsync.model.ports import Answer, Remote
from tests.support.addon_shop import (
    CATALOG,
    DAY,
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

OFFERS = "addons: [{addon: blocks}, {addon: boost}, {addon: maps}]"
BOOST = CATALOG[CATALOG.index("  - key: boost") : CATALOG.index("  - key: maps")]


@pytest.fixture
def sold(shell: Shell, folder: Path) -> Shell:
    return sell(shell, folder)


def blocks(told: str, prefix: str) -> list[list[str]]:
    """The lines of each block that begins so."""
    return [block.splitlines() for block in told.split("\n\n") if block.startswith(prefix)]


def test_an_addon_that_a_new_plan_version_drops_has_its_own_block(sold: Shell, folder: Path) -> None:
    """An add-on that the new version of a plan no longer offers has a block of its own.

    Birch pays 10 + 2 × 3. At the new version the plan's fee is 12, and the boosts can't be attached again.
    """
    edited(folder, (OFFERS, "addons: [{addon: blocks}, {addon: maps}]"), ('amount: "10"', 'amount: "12"'))

    told = impact(sold, "--impact")

    assert blocks(told, "addon/") == [
        [
            "addon/boost: no longer offered by plan/pro@2: 1 reached, usage from 2026-10-01 to 2026-11-01",
            "  1 would lose it, but not by this run; no change now; without it:",
            "    USD 16 → 10 (-6): 0 pay more, 1 pays less, 0 the same",
            "      Subscription   Change  Before  After",
            "      birch/default      -6      16     10",
        ]
    ]
    assert blocks(told, "plan/pro@2")[0][-1] == (
        "  note: 1 subscription has boost, which plan/pro@2 doesn't offer: here counted on both sides"
    )
    assert totals(told)[1:] == [("plan/pro@2", "16 → 18"), ("plan/pro@2", "50 → 56"), ("together", "16 → 12")]


def test_who_stays_on_the_old_version_keeps_what_it_offers(sold: Shell, folder: Path) -> None:
    edited(folder, (OFFERS, "addons: [{addon: boost}]"))

    told = impact(sold, "--impact")

    assert [lines[:3] for lines in blocks(told, "addon/")] == [
        [
            "addon/blocks: no longer offered by plan/pro@2: 1 reached, usage from 2026-10-01 to 2026-11-01",
            "  1 grandfathered, with it; no change now; without it:",
            "    USD 20 → 10 (-10): 0 pay more, 1 pays less, 0 the same",
        ],
        [
            "addon/maps: no longer offered by plan/pro@2: 1 reached, usage from 2026-10-01 to 2026-11-01",
            "  1 grandfathered, with it; no change now; without it:",
            "    USD 20 → 10 (-10): 0 pay more, 1 pays less, 0 the same",
        ],
    ]


def test_an_archived_addon_has_one_block_even_if_the_plan_drops_it(sold: Shell, folder: Path) -> None:
    """An archived add-on has one block, also where the new plan version no longer offers it."""
    edited(folder, (BOOST, ""), (OFFERS, "addons: [{addon: blocks}, {addon: maps}]"))

    told = impact(sold, "--impact")
    ran = sold.run("diff", "shop", *LOCAL, "--impact", "--impact-details", "--format", "json")

    (change, _) = json.loads(ran.out)["impact"]["changes"]
    assert totals(told)[0] == ("addon/boost@1", "16 → 10")
    assert (change["change"], change["because"]) == ("addon/boost@1", "archived")
    assert (change["meant_to_move"]["count"], change["grandfathered"]["count"]) == (1, 0)
    assert [charge["total"] for charge in change["subscriptions"][0]["periods"][0]["after"]] == ["10"]


def test_all_reaches_an_archived_addon_on_an_undeclared_plan(sold: Shell, folder: Path) -> None:
    """`--impact=all` reaches the subscriptions with an archived add-on on a plan that no file declares.

    The plan that still offers it is archived, so that nothing stands in the way.
    """
    (folder / "shop" / "customers.yaml").unlink()
    edited(folder, (BOOST, ""), (CATALOG[CATALOG.index("plans:") :], "plans: []\nadopted: {plans: ['*']}\n"))

    told = impact(sold, "--impact=all")

    assert totals(told) == [("addon/boost@1", "16 → 10")]
    assert "  1 grandfathered, with it; no change now; without it:\n" in told


def test_who_gets_another_plan_loses_what_that_does_not_offer(sold: Shell, folder: Path) -> None:
    customers = folder / "shop" / "customers.yaml"
    customers.write_text(
        customers.read_text().replace("Acme, subscription: {plan: pro}", "Acme, subscription: {plan: plain}")
    )

    told = impact(sold, "--impact")

    assert totals(told) == [
        ("addon/blocks", "20 → 10"),
        ("plan/plain@1", "20 → 11"),
        ("together", "20 → 1"),
    ]
    assert blocks(told, "addon/blocks: not offered by plan/plain@1: 1 reached")


def test_fewer_than_somebody_has_are_noted_under_the_plan_and_the_addon(sold: Shell, folder: Path) -> None:
    edited(folder, ("{addon: boost}", "{addon: boost, max_quantity: 1}"), ('amount: "3"', 'amount: "4"'))

    told = impact(sold, "--impact")
    ran = sold.run("diff", "shop", *LOCAL, "--impact", "--impact-details", "--format", "json")

    note = "more of boost than plan/pro@2 allows (1): the server would not attach as many again"
    changes = json.loads(ran.out)["impact"]["changes"]
    assert told.count(f"  note: 1 subscription has {note}\n") == 2
    assert [(one["change"], one["notes"]) for one in changes] == [
        ("addon/boost@2", [{"count": 1, "note": note}]),
        ("plan/pro@2", [{"count": 1, "note": note}]),
    ]
    assert [one["subscription"] for one in changes[1]["subscriptions"] if one["notes"]] == ["birch/default"]


def test_as_many_as_somebody_has_need_no_note(sold: Shell, folder: Path) -> None:
    edited(folder, ("{addon: boost}", "{addon: boost, max_quantity: 2}"))

    assert "note:" not in impact(sold, "--impact")


def test_an_addon_that_is_offered_from_a_later_phase_on_is_noted(sold: Shell, folder: Path) -> None:
    card = "{key: free, name: Free, price: {type: free}}"
    trial = f"phases:\n      - {{key: trial, name: Trial, duration: P1M, rate_cards: [{card}]}}\n"
    edited(folder, ("name: Pro\n    phases:\n", f"name: Pro\n    {trial}"))
    edited(folder, ("{addon: boost}", "{addon: boost, from_plan_phase: default}"))

    told = impact(sold, "--impact")

    assert (
        "  note: 1 subscription has boost, which plan/pro@2 offers only from phase default on: "
        "the server would not attach it before\n"
    ) in told


def test_where_addons_can_not_be_read_what_may_be_lost_is_told(
    sold: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused_below_subscriptions(remote: Remote, path: str, *more: Any) -> Any:
        if path.startswith("/openmeter/subscriptions/"):
            raise Refused(path, Answer(404, None, "no such path"))
        return read_list(remote, path, *more)

    monkeypatch.setattr("billsync.app.server.connection.read_list", refused_below_subscriptions)
    edited(folder, (OFFERS, "addons: [{addon: boost, max_quantity: 1}, {addon: maps}]"))

    told = impact(sold, "--impact")

    assert blocks(told, "addon/") == [
        [
            "addon/blocks: no longer offered by plan/pro@2: 3 reached, none of them estimated",
            *(f"  not estimated: {key}/default: its add-ons can't be read (404)" for key in ("acme", "birch", "cedar")),
        ]
    ]
    assert blocks(told, "plan/pro@2")[0][-1] == (
        "  note: 3 subscriptions have add-ons that can't be read, "
        "so it isn't known whether the server would attach them again"
    )


def test_a_change_that_takes_nothing_away_asks_nobody(sold: Shell, folder: Path) -> None:
    with server(sold) as client:
        attach(client, "dune", "blocks", 1)
    edited(folder, ('amount: "10"', 'amount: "12"'))

    assert impact(sold, "--impact").endswith("\nMeter queries: 1.\n")


def test_a_subscription_that_loses_an_addon_is_not_under_its_new_version(sold: Shell, folder: Path) -> None:
    """A subscription that moves to a plan without its add-on isn't counted under the add-on's new version.

    Nobody stands under one add-on twice, so that no difference of two groups is what a few pay.
    """
    edited(folder, ('amount: "3"', 'amount: "4"'), ('amount: "5"', 'amount: "7"'))
    customers = folder / "shop" / "customers.yaml"
    customers.write_text(
        customers.read_text().replace("Acme, subscription: {plan: pro}", "Acme, subscription: {plan: plain}")
    )

    told = impact(sold, "--impact")

    assert [(change, amounts) for change, amounts in totals(told) if change.startswith("addon/")] == [
        ("addon/blocks", "20 → 10"),
        ("addon/boost@2", "16 → 18"),
    ]


def test_a_former_addon_is_not_part_of_the_combined_impact(sold: Shell, folder: Path) -> None:
    """An add-on that a subscription no longer has is no part of its combined impact.

    Birch has no boosts any more and two blocks since: 10 + 2 × 5 → 12 + 2 × 7.
    """
    with server(sold) as client:
        path = f"/subscriptions/{subscription_of(client, 'birch')}/addons"
        (row,) = rows(client, path)
        ended = client.patch(f"http://local/api/v1{path}/{row['id']}", json={"quantity": 0, "timing": "immediate"})
        assert ended.status_code == 200, ended.text
        attach(client, "birch", "blocks", 2)
    sold.clock.advance(60 * DAY)
    edited(folder, ('amount: "3"', 'amount: "4"'), ('amount: "5"', 'amount: "7"'), ('amount: "10"', 'amount: "12"'))

    told = impact(sold, "--impact")

    assert totals(told)[-2:] == [("together", "20 → 26"), ("together", "20 → 26")]


def test_an_earlier_published_version_still_reaches_those_who_would_move(sold: Shell, folder: Path) -> None:
    """After a version is published, the subscriptions that are still to move to it are reached.

    Birch says `version: latest`, and is on the first version with two boosts: 10 + 2 × 3 → 12 + 2 × 4.
    """
    edited(folder, ('amount: "10"', 'amount: "12"'), ('amount: "3"', 'amount: "4"'))
    published = sold.run("apply", "shop/catalog.yaml", *LOCAL, "--yes")
    assert published.code == 0, published

    told = impact(sold, "--impact")

    assert totals(told) == [("addon/boost@2", "16 → 18"), ("plan/pro@2", "16 → 18"), ("together", "16 → 20")]


def test_a_live_addon_version_counts_with_the_plan_version_that_takes_it(sold: Shell, folder: Path) -> None:
    """An add-on version that is live already counts with the plan version that starts to offer it."""
    edited(folder, ('amount: "3"', 'amount: "4"'))
    text = (folder / "shop" / "catalog.yaml").read_text()
    addons = folder / "addons.yaml"
    addons.write_text(text.partition("plans:")[0])
    published = sold.run("apply", "addons.yaml", *LOCAL, "--yes")
    assert published.code == 0, published

    told = impact(sold, "--impact")

    assert totals(told) == [
        ("addon/boost@2", "16 → 18"),
        ("plan/pro@2", "16 → 16"),
        ("plan/pro@2", "50 → 50"),
    ]


def test_who_is_to_get_a_version_by_its_number_is_rated_with_its_cards(sold: Shell, folder: Path) -> None:
    """Of three versions the second costs 12, with boosts at 4. Dune has no add-on: 10 → 12, and Birch is at 16."""
    customers = folder / "shop" / "customers.yaml"
    text = customers.read_text().replace(", version: latest", "")
    customers.write_text(text)
    for old, new in (("10", "12"), ("12", "14")):
        edited(folder, (f'amount: "{old}"', f'amount: "{new}"'))
        edited(folder, *([('amount: "3"', 'amount: "4"')] if new == "12" else [('amount: "4"', 'amount: "9"')]))
        assert sold.run("apply", "shop", *LOCAL, "--yes").code == 0
    customers.write_text(
        re.sub(r"(Birch|Dune), subscription: {plan: pro}", r"\1, subscription: {plan: pro, version: 2}", text)
    )

    told = impact(sold, "--impact")

    assert totals(told) == [("addon/boost@2", "16 → 18"), ("plan/pro@2", "26 → 30"), ("together", "16 → 20")]


def test_addons_no_longer_in_the_files_are_named_by_their_keys(sold: Shell, folder: Path) -> None:
    """Add-ons that the files no longer mention are named by their keys.

    No list of add-ons is read then: each that a plan version offered is read by its id.
    """
    text = CATALOG.replace(f"    {OFFERS}\n", "")
    (folder / "shop" / "catalog.yaml").write_text(text[: text.index("addons:")] + text[text.index("plans:") :])

    told = impact(sold, "--impact")

    assert totals(told)[:3] == [("addon/blocks", "20 → 10"), ("addon/boost", "16 → 10"), ("addon/maps", "20 → 10")]


def test_an_unreadable_plan_version_is_taken_to_offer_every_addon(
    sold: Shell, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the add-ons of a plan version can't be read, the version is taken to offer every add-on.

    Nobody declares the plan, so that the diff hasn't read what it offers.
    """

    def refused(remote: Remote, path: str, query: Any, *more: Any) -> Any:
        if path.endswith("/addons") and "/plans/" in path:
            raise Refused(path, Answer(404, None, "no such path"))
        return read_list(remote, path, query, *more)

    monkeypatch.setattr("billsync.app.server.connection.read_list", refused)
    (folder / "shop" / "customers.yaml").unlink()
    (folder / "shop" / "catalog.yaml").write_text(CATALOG.partition("plans:")[0])
    edited(folder, ('amount: "3"', 'amount: "4"'))

    assert totals(impact(sold, "--impact=all")) == [("addon/boost@2", "16 → 18")]


def moving(folder: Path, addons: str = "") -> None:
    """Birch, who has two boosts, moves to the plan's new version at its renewal."""
    edited(folder, ('amount: "10"', 'amount: "12"'))
    customers = next(path for path in (folder / "shop").iterdir() if "birch" in path.read_text())
    text = customers.read_text().replace("version: latest", f"version: latest, change: at_renewal{addons}")
    customers.write_text(text)


def test_a_move_drops_the_addons_that_no_file_declares(sold: Shell, folder: Path) -> None:
    """Birch pays 10 + 2 × 3, and 12 after the move: the boosts are not declared, so nothing attaches them again."""
    moving(folder)

    told = impact(sold, "--impact")

    assert blocks(told, "addon/") == [
        [
            "addon/boost: not attached again: 1 reached, usage from 2026-10-01 to 2026-11-01",
            "  1 loses it:",
            "    USD 16 → 10 (-6): 0 pay more, 1 pays less, 0 the same",
            "      Subscription   Change  Before  After",
            "      birch/default      -6      16     10",
            "    1 only later, on 2026-12-01",
        ]
    ]
    assert blocks(told, "plan/pro@2")[0][-1] == (
        "  note: 1 subscription has boost, which is not attached again: here counted on both sides"
    )
    assert totals(told)[1:] == [("plan/pro@2", "16 → 18"), ("plan/pro@2", "50 → 56"), ("together", "16 → 12")]


def test_a_move_keeps_the_addons_that_the_files_declare(sold: Shell, folder: Path) -> None:
    moving(folder, ", addons: [{addon: boost, quantity: 2}]")

    told = impact(sold, "--impact")

    assert (blocks(told, "addon/"), blocks(told, "together")) == ([], [])
    assert blocks(told, "plan/pro@2")[0][1:3] == [
        "  1 moves to it:",
        "    USD 16 → 18 (+2): 1 pays more, 0 pay less, 0 the same",
    ]
