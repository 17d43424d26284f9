import json
import shutil
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from billsync.cli.servers.database import open_database
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "price-change"
LOCAL = ("--server", "local:")
DAY = timedelta(days=1).total_seconds()
IMPACT = """\
Impact (an estimate): the declared subscriptions, usage of the last full billing period, old and new prices.

plan/maps@2: 20 reached, usage from 2026-09-01 to 2026-10-01
  15 move to it:
    USD 6331 → 6103 (-228): 7 pay more, 4 pay less, 4 the same
      Subscription             Change  Before  After
      geocache-hub/default        +30     360    390
      island-ferries/default      +25     480    505
      fleetwise/default           +20     280    300
      evergreen-parks/default     +15     240    255
      journey-planner/default     +10     520    530
      metro-live/default         -110     840    730
      night-bus/default          -110     940    830
      open-weather/default       -110    1590   1480
      kayak-routes/default         -5     560    555
    15 only later, on 2026-11-01
  5 grandfathered; no change now; if they were moved:
    USD 6760 → 6650 (-110): 2 pay more, 2 pay less, 1 the same
      Subscription            Change  Before  After
      harbour-pilots/default     +40     440    480
      delta-freight/default      +10     200    210
      parcel-tracks/default     -110    5340   5230
      lost-and-found/default     -50     680    630

Left out: taxes, payment fees, one-time fees, and credits, also those bought.
Meter queries: 1.
"""


@pytest.fixture
def changed(shell: Shell, folder: Path) -> Shell:
    """The example, a month after its customers subscribed and used it, with the middle tier edited."""
    shutil.copytree(EXAMPLE, folder / "maps", ignore=shutil.ignore_patterns("usage.jsonl"))
    assert shell.run("sync", "maps", *LOCAL, "--yes").code == 0
    shell.clock.advance(10 * DAY)
    events = [json.loads(line) for line in (EXAMPLE / "usage.jsonl").read_text().splitlines()]
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local") as client:
        assert client.post("/api/v3/openmeter/events", json=events).status_code == 202
    app.close()
    shell.clock.advance(25 * DAY)
    catalog = folder / "maps" / "catalog.yaml"
    old = '"100000", unit_price: {type: unit, amount: "0.008"}'
    catalog.write_text(catalog.read_text().replace(old, '"50000", unit_price: {type: unit, amount: "0.009"}'))
    return shell


def test_the_impact_says_who_would_pay_what_more_or_less(changed: Shell) -> None:
    ran = changed.run("diff", "maps", *LOCAL, "--impact")

    assert (ran.code, ran.err) == (4, "")
    assert ran.out.partition("\nImpact")[1] + ran.out.partition("\nImpact")[2] == f"\n{IMPACT}"


def test_without_impact_a_diff_asks_no_meter(changed: Shell) -> None:
    assert "Impact" not in changed.run("diff", "maps", *LOCAL).out


def test_the_json_holds_every_rated_line(changed: Shell) -> None:
    ran = changed.run("diff", "maps", *LOCAL, "--impact", "--impact-details", "--format", "json")

    found = json.loads(ran.out)["impact"]
    (change,) = found["changes"]
    (fleet,) = (one for one in change["subscriptions"] if one["customer"] == "fleetwise")
    lines = [
        (line["reference"], line["quantity"], line["unit_price"], line["total"])
        for charge in fleet["periods"][0]["after"]
        for line in charge["lines"]
    ]
    assert (found["estimate"], found["meter_queries"], found["reached"]) == (True, 1, 20)
    assert sorted(lines) == [
        ("flat-price", "1", "20", "20"),
        ("graduated-tiered-1-price-usage", "10000", "0.01", "100"),
        ("graduated-tiered-2-price-usage", "20000", "0.009", "180"),
    ]


def test_without_details_the_json_has_spreads_and_largest_differences(changed: Shell) -> None:
    (change,) = json.loads(changed.run("diff", "maps", *LOCAL, "--impact", "--format", "json").out)["impact"]["changes"]

    (sums,) = change["moving"]["currencies"]
    assert "subscriptions" not in change
    counts = (sums[f"paying_{name}"] for name in ("more", "less", "the_same"))
    assert sum(band["count"] for band in sums["spread"]["percent"]) == sum(counts)
    assert sums["spread"]["differences"]["greatest"] == sums["largest_more"][0]["difference"]
    assert sums["largest_more"][0].keys() == {"subscription", "customer", "before", "after", "difference"}


def test_an_anonymous_impact_names_nobody(changed: Shell) -> None:
    told = changed.run("diff", "maps", *LOCAL, "--impact", "--impact-anonymous").out.partition("\nImpact")[2]
    data = json.loads(changed.run("diff", "maps", *LOCAL, "--impact", "--impact-anonymous", "--format=json").out)

    names = [json.loads(line)["subject"] for line in (EXAMPLE / "usage.jsonl").read_text().splitlines()]
    assert [name for name in names if name in told + json.dumps(data["impact"])] == []
    assert "    USD 6331 → 6103 (-228): 15 pay more, less or the same\n" in told
    assert "      9 subscriptions: -333 together\n      6 subscriptions: +105 together\n" in told
    assert "    USD: not shown, fewer than 5 pay more or less\n" in told


def test_all_reaches_subscriptions_that_no_file_declares(changed: Shell, folder: Path) -> None:
    customers = folder / "maps" / "customers.yaml"
    customers.write_text(customers.read_text().partition("  - key: bakery-finder")[0])

    declared = changed.run("diff", "maps", *LOCAL, "--impact").out
    everybody = changed.run("diff", "maps", *LOCAL, "--impact=all").out

    assert "plan/maps@2: 1 reached" in declared
    assert "plan/maps@2: 20 reached" in everybody
    assert "  19 grandfathered; no change now; if they were moved:\n" in everybody


def test_a_subscription_that_gets_another_plan_is_rated_under_that(changed: Shell, folder: Path) -> None:
    (folder / "maps" / "flat.yaml").write_text(
        "plans: [{key: flat, name: Flat, phases: [{key: default, name: Default, rate_cards: "
        "[{key: all, name: All, billing_cadence: P1M, price: {type: flat, amount: '300'}}]}]}]\n"
    )
    changed.run("apply", "maps/catalog.yaml", "maps/flat.yaml", *LOCAL, "--yes")
    customers = folder / "maps" / "customers.yaml"
    fleet = "subject_keys: [fleetwise]}\n    subscription: {plan: maps, version: latest}"
    customers.write_text(customers.read_text().replace(fleet, fleet.replace("maps, version: latest", "flat")))

    told = changed.run("diff", "maps", *LOCAL, "--impact").out

    assert (
        """\
plan/flat@1: 1 reached, usage from 2026-09-01 to 2026-10-01
  1 moves to it:
    USD 280 → 300 (+20): 1 pays more, 0 pay less, 0 the same
      Subscription       Change  Before  After
      fleetwise/default     +20     280    300
    1 only later, on 2026-11-01
"""
        in told
    )


def test_the_present_plan_may_be_one_that_no_file_declares(changed: Shell, folder: Path) -> None:
    (folder / "maps" / "catalog.yaml").write_text(
        "_info: {owner: maps, defaults: {plan: {currency: USD, billing_cadence: P1M}}}\n"
        "plans: [{key: flat, name: Flat, phases: [{key: default, name: Default, rate_cards: "
        "[{key: all, name: All, billing_cadence: P1M, price: {type: flat, amount: '300'}}]}]}]\n"
    )
    changed.run("apply", "maps/catalog.yaml", *LOCAL, "--yes")
    (folder / "maps" / "customers.yaml").write_text(
        "customers: [{key: fleetwise, name: Fleetwise, usage_attribution: {subject_keys: [fleetwise]}, "
        "subscription: {plan: flat}}]\n"
    )

    told = changed.run("diff", "maps", *LOCAL, "--impact").out

    assert "\nplan/flat@1: 1 reached, usage from 2026-09-01 to 2026-10-01\n" in told
    assert "    USD 280 → 300 (+20): 1 pays more, 0 pay less, 0 the same\n" in told


def test_a_sample_is_the_same_each_time_and_is_said(changed: Shell) -> None:
    first = changed.run("diff", "maps", *LOCAL, "--impact", "--impact-sample", "6").out
    second = changed.run("diff", "maps", *LOCAL, "--impact", "--impact-sample", "6").out

    assert first == second
    assert "\nA sample: 6 of 20 subscriptions.\n" in first


def test_who_has_no_full_period_is_told(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace('"0.002"', '"0.003"'))

    ran = shell.run("diff", "shop.yaml", *LOCAL, "--impact")

    assert "  not estimated: acme/default: it has no full billing period yet\n" in ran.out
    assert "Meter queries: 0.\n" in ran.out


def test_a_free_card_needs_no_meter(shell: Shell, folder: Path) -> None:
    shop = folder / "shop.yaml"
    free = "rate_cards: [{use: api_standard}, {feature: sso, price: {type: free}, entitlement: {type: boolean}}]"
    text = shop.read_text().replace("features:\n", "features:\n  - {key: sso, name: SSO}\n")
    shop.write_text(text.replace("rate_cards: [{use: api_standard}]", free))
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    shell.clock.advance(35 * DAY)
    shop.write_text(shop.read_text().replace('"0.002"', '"0.003"'))

    ran = shell.run("diff", "shop.yaml", *LOCAL, "--impact")

    assert "can't be rated" not in ran.out
    assert "    USD 0 → 0 (0): 0 pay more, 0 pay less, 1 the same\n" in ran.out


def test_too_many_requests_are_refused_before_they_are_made(changed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("billsync.app.impact.facts.REQUESTS_AT_MOST", 0)

    refused = changed.run("diff", "maps", *LOCAL, "--impact")
    sampled = changed.run("diff", "maps", *LOCAL, "--impact", "--impact-sample", "3")

    assert (refused.code, refused.out) == (64, "")
    assert refused.err.startswith("error[many-requests]: the impact would need too many requests\n  It would need 1, ")
    assert sampled.code == 4
