"""`billsync migrate` on the embedded server: whom it moves, in which waves, and what it leaves alone."""

import csv
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.apply.journal import FileJournal
from billsync.cli.servers.database import open_database
from tests.support.command import Ran, Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")
AT_RENEWAL = ("--to", "latest", "--timing", "at_renewal")
TEAM_AT_ONCE = ("--to", "team", "--timing", "immediate")
DAY = timedelta(days=1).total_seconds()
KEYS = tuple(f"customer-{number:02}" for number in range(1, 9))
FIRST_QUARTER = ("customer-02", "customer-08")
"""The customers whose keys' digests lie in the first quarter."""
CATALOG = """\
_info:
  owner: payments
  POLICY
  defaults: {plan: {currency: USD, billing_cadence: P1M}}
plans:
  - key: pro
    name: Pro
    phases: [{key: default, name: Default, rate_cards: [PRO]}]
  - key: team
    name: Team
    phases: [{key: default, name: Default, rate_cards: [TEAM]}]
"""


def fee(amount: str) -> str:
    price = f'{{type: flat, amount: "{amount}"}}'
    return f"{{key: base, name: Base, billing_cadence: P1M, payment_term: in_advance, price: {price}}}"


def catalog(pro: str, *, policy: str = "policy: {}", team: str = "9") -> str:
    return CATALOG.replace("POLICY", policy).replace("PRO", fee(pro)).replace("TEAM", fee(team))


def customer(key: str, number: int) -> str:
    """A customer on plan pro; every second one is of tier b."""
    tier = "ab"[number % 2]
    return f'  - {{key: {key}, name: "{key.title()}", primary_email: {key}@example.com, labels: {{tier: {tier}}}, subscription: {{plan: pro}}}}\n'  # noqa: E501


CUSTOMERS = "customers:\n" + "".join(customer(key, number) for number, key in enumerate(KEYS))


@pytest.fixture
def shop(shell: Shell, folder: Path) -> Shell:
    """Eight customers on pro@1, of which pro@2 is the active version; ten days of their periods have passed.

    `catalog.yaml` declares the plans alone, `all` the customers, too.
    """
    (folder / "shop.yaml").unlink()
    (folder / "all").mkdir()
    (folder / "all" / "customers.yaml").write_text(CUSTOMERS)
    (folder / "all" / "catalog.yaml").write_text(catalog("20"))
    assert shell.run("sync", "all", *LOCAL, "--yes").code == 0
    (folder / "all" / "catalog.yaml").write_text(catalog("15"))
    (folder / "catalog.yaml").write_text(catalog("15"))
    assert shell.run("sync", "all", *LOCAL, "--yes").code == 0
    shell.clock.advance(10 * DAY)
    return shell


def migrate(shell: Shell, *more: str, files: str = "catalog.yaml", answer: str | None = None) -> Ran:
    return shell.run("migrate", files, "--plan", "pro", *more, *LOCAL, answer=answer)


def migrated(shell: Shell, *more: str, files: str = "catalog.yaml") -> Any:
    """The JSON of a run that asks nothing."""
    ran = migrate(shell, *more, "--yes", "--format", "json", files=files)
    return json.loads(ran.out)["migration"] | {"exit": ran.code}


def rows(shell: Shell, customer: str) -> list[Any]:
    """All links of a customer's subscription, oldest first."""
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        (found,) = client.get("/customers", params={"filter[key][eq]": customer}).json()["data"]
        links: list[Any] = client.get("/subscriptions", params={"filter[customer_id]": found["id"]}).json()["data"]
    app.close()
    return links


def live(shell: Shell, customer: str = "") -> list[str]:
    """What each customer's subscriptions are on, without those that have ended: `customer-01 pro@1 active`."""
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        size = {"page[size]": "100"}
        keys = {row["id"]: row["key"] for row in client.get("/customers", params=size).json()["data"]}
        rows = client.get("/subscriptions", params=size).json()["data"]
    app.close()
    shown = sorted(f"{keys[row['customer_id']]} {row['plan']['key']}@{row['plan']['version']} {row['status']}"
                   for row in rows if row["status"] != "inactive")  # fmt: skip
    return [line for line in shown if line.startswith(customer)]


def call(shell: Shell, customer: str, path: str, body: Any) -> None:
    """A call that somebody else makes on a customer's subscription."""
    app = open_database(".billsync/local.db", shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        rows = client.get("/customers", params={"filter[key][eq]": customer}).json()["data"]
        own = client.get("/subscriptions", params={"filter[customer_id]": rows[0]["id"]}).json()["data"]
        assert client.post(f"/subscriptions/{own[0]['id']}/{path}", json=body).status_code == 200
    app.close()


def names(found: Any, wave: int = 0) -> list[str]:
    return [one["name"] for one in found["waves"][wave]["subscriptions"]]


def states(found: Any) -> list[tuple[str, str]]:
    return [(wave["wave"], wave["state"]) for wave in found["waves"]]


def test_waves_move_everybody_at_renewal(shop: Shell) -> None:
    found = migrated(shop, *AT_RENEWAL, "--waves", "25%,rest")

    assert (found["exit"], states(found)) == (0, [("25%", "done"), ("rest", "done")])
    assert names(found) == [f"{key}/default" for key in FIRST_QUARTER]
    assert live(shop, "customer-05") == ["customer-05 pro@1 canceled", "customer-05 pro@2 scheduled"]


def test_the_first_share_is_the_same_customers_whoever_has_moved_before(shop: Shell) -> None:
    first = migrated(shop, *AT_RENEWAL, "--waves", "25%", "--dry-run")
    migrated(shop, *AT_RENEWAL, "--select", "customer=customer-02")

    again = migrated(shop, *AT_RENEWAL, "--waves", "25%,rest", "--dry-run")

    assert names(first) == ["customer-02/default", "customer-08/default"]
    assert names(again) == ["customer-08/default"]
    assert len(names(again, 1)) == 6


def test_a_run_again_moves_nobody_twice(shop: Shell) -> None:
    assert migrated(shop, *AT_RENEWAL)["counts"]["moving"] == 8
    before = live(shop)

    again = migrated(shop, *AT_RENEWAL)
    shop.clock.advance(40 * DAY)
    later = migrated(shop, *AT_RENEWAL)

    assert (again["exit"], again["counts"]["moving"], again["counts"]["moved"]) == (0, 0, 8)
    assert (later["exit"], later["counts"]["moving"], later["counts"]["on_target"]) == (0, 0, 8)
    assert len(before) == 16
    assert live(shop) == [f"{key} pro@2 active" for key in KEYS]


def test_a_sync_after_a_migration_changes_nothing(shop: Shell) -> None:
    migrated(shop, *AT_RENEWAL, files="all")
    shop.clock.advance(40 * DAY)

    ran = shop.run("diff", "all", *LOCAL, "--exit-code")

    assert (ran.code, ran.out.partition("\n")[0]) == (0, "No changes.")


def test_another_plan_at_once(shop: Shell) -> None:
    """Everything that stays of a subscription is sent: only its plan changes."""
    stopped = migrate(shop, *TEAM_AT_ONCE, "--yes")
    found = migrated(shop, *TEAM_AT_ONCE, "--allow", "bills-twice")
    again = migrated(shop, *TEAM_AT_ONCE, "--allow", "bills-twice")

    assert stopped.code == 4
    assert "stopped[bills-twice]" in stopped.out
    assert (found["exit"], found["to"]) == (0, {"plan": "team", "version": 1})
    assert live(shop) == [f"{key} team@1 active" for key in KEYS]
    assert (again["exit"], again["counts"]["moving"]) == (0, 0)


def test_all_but_the_plan_is_kept(shop: Shell, folder: Path) -> None:
    """The settlement mode too, although the plan's declaration has another one: no file declares this subscription."""
    terms = "plan: pro, settlement_mode: credit_only, billing_anchor: '2026-09-05T00:00:00Z', labels: {deal: x1}"
    ninth = f"customers: [{{key: customer-09, name: Ninth, subscription: {{{terms}, version: 2}}}}]\n"
    (folder / "all" / "ninth.yaml").write_text(ninth)
    assert shop.run("apply", "all", *LOCAL, "--yes").code == 0
    (folder / "catalog.yaml").write_text(
        catalog("15").replace("key: team", "key: team\n    settlement_mode: credit_then_invoice")
    )

    found = migrated(shop, *TEAM_AT_ONCE, "--select", "customer=*-09", "--allow", "bills-twice")

    before, after = rows(shop, "customer-09")
    kept = ("settlement_mode", "billing_anchor", "cost_basis_mode")
    own = {name: text for name, text in after["labels"].items() if not name.startswith("openmeter_")}
    assert (found["exit"], [before[name] for name in kept]) == (0, [after[name] for name in kept])
    assert after["settlement_mode"] == "credit_only"
    assert own == {
        **{name: text for name, text in before["labels"].items() if name in own},
        "billsync_plan": own["billsync_plan"],
    }
    assert (own["deal"], own["billsync_key"], own["billsync_owner"]) == ("x1", "default", "payments")


@pytest.mark.generation("openmeter@later")
def test_a_later_server_moves_to_another_version_in_place(shell: Shell, folder: Path) -> None:
    """Id, labels and periods stay."""
    later = ("--server", "local:later.db?generation=later")
    (folder / "shop.yaml").unlink()
    (folder / "customers.yaml").write_text(CUSTOMERS)
    for price in ("20", "15"):
        (folder / "catalog.yaml").write_text(catalog(price))
        assert shell.run("sync", ".", *later, "--yes").code == 0

    asked = ("migrate", ".", "--plan", "pro", "--to", "2", "--timing", "immediate", *later, "--yes")
    ran = shell.run(*asked, "--allow", "bills-twice")
    again = shell.run(*asked)

    assert (ran.code, ran.out.count("migrating subscription")) == (0, 8)
    assert (again.code, "  8 on the target already\n" in again.out) == (0, True)


@pytest.mark.generation("konnect@1.1")
def test_konnect_moves_at_renewal(shell: Shell, folder: Path) -> None:
    konnect = ("--server", "local:konnect.db?dialect=konnect", "--dialect", "konnect")
    (folder / "shop.yaml").unlink()
    (folder / "customers.yaml").write_text(CUSTOMERS)
    for price in ("20", "15"):
        (folder / "catalog.yaml").write_text(catalog(price))
        assert shell.run("sync", ".", *konnect, "--yes", "--allow", "unmarked-plan").code == 0

    ran = shell.run("migrate", ".", "--plan", "pro", *AT_RENEWAL, *konnect, "--yes")

    assert (ran.code, ran.out.count("changing subscription")) == (0, 8)
    again = shell.run("migrate", ".", "--plan", "pro", *AT_RENEWAL, *konnect, "--yes")
    assert (again.code, "8 moved already (the change is scheduled)" in again.out) == (0, True)


def test_a_subscriptions_own_change_goes_before_the_timing(shop: Shell, folder: Path) -> None:
    customers = folder / "all" / "customers.yaml"
    customers.write_text(customers.read_text().replace("{plan: pro}", "{plan: pro, change: at_renewal}", 1))

    found = migrated(shop, "--to", "2", "--timing", "immediate", "--allow", "bills-twice", files="all")

    assert found["exit"] == 0
    assert live(shop, "customer-01") == ["customer-01 pro@1 canceled", "customer-01 pro@2 scheduled"]
    assert live(shop, "customer-02") == ["customer-02 pro@2 active"]


def test_a_guard_stops_all_waves_before_the_first_write(shop: Shell) -> None:
    before = live(shop)

    found = migrated(shop, *TEAM_AT_ONCE, "--waves", "25%,rest")

    assert (found["exit"], states(found)) == (4, [("25%", "pending"), ("rest", "pending")])
    assert live(shop) == before


def test_an_impact_of_each_wave(shop: Shell) -> None:
    shop.clock.advance(30 * DAY)

    ran = migrate(shop, *AT_RENEWAL, "--waves", "25%,rest", "--dry-run")

    head, first, rest = ran.out.split("\nWave ")
    assert head == "Migration from plan pro to pro@2: 8 subscriptions in 2 waves.\n"
    assert first.startswith("25%: 2 subscriptions, effective 2026-11-01: customer-02/default, customer-08/default\n")
    assert "    2 move to it:\n      USD 40 → 30 (-10): 0 pay more, 2 pay less, 0 the same\n" in first
    assert "    6 move to it:\n      USD 120 → 90 (-30): 0 pay more, 6 pay less, 0 the same\n" in rest


def test_a_dry_run_writes_nothing_and_ends_like_a_diff(shop: Shell) -> None:
    before = live(shop)

    plain = migrate(shop, *AT_RENEWAL, "--dry-run")
    counted = migrate(shop, *AT_RENEWAL, "--dry-run", "--exit-code")
    guarded = migrate(shop, *TEAM_AT_ONCE, "--dry-run")

    assert (plain.code, counted.code, guarded.code) == (0, 2, 4)
    assert live(shop) == before


def test_without_a_timing_the_rules_of_the_files_decide(shop: Shell, folder: Path) -> None:
    refused = migrated(shop, "--to", "team")
    said = migrate(shop, "--to", "team", "--dry-run").out
    rules = "transitions: [{from: pro, to: team, timing: at_renewal}, {from: '*', to: '*', timing: refuse}]"
    (folder / "catalog.yaml").write_text(catalog("15", policy=rules))

    found = migrated(shop, "--to", "team")

    assert (refused["exit"], {one["code"] for one in refused["waves"][0]["refused"]}) == (4, {"no-timing"})
    assert "  pass `--timing at_renewal` (it takes effect with the next period" in said
    assert found["exit"] == 0
    assert live(shop, "customer-01") == ["customer-01 pro@1 canceled", "customer-01 team@1 scheduled"]


def test_a_rule_that_refuses_is_not_overridden_by_a_timing(shop: Shell, folder: Path) -> None:
    rules = "transitions: [{from: pro, to: team, timing: refuse, message: ask sales}]"
    (folder / "catalog.yaml").write_text(catalog("15", policy=rules))

    found = migrated(shop, *TEAM_AT_ONCE)

    (code,) = {one["code"] for one in found["waves"][0]["refused"]}
    assert (found["exit"], code) == (4, "transition-refused")


@pytest.mark.parametrize(
    ("selected", "expected"),
    [
        (("tier=b",), ["customer-02", "customer-04", "customer-06", "customer-08"]),
        (("customer=customer-0[12]",), ["customer-01", "customer-02"]),
        (("tier=b", "customer=customer-0[12]"), ["customer-02"]),
        (("started<2026-09-02",), list(KEYS)),
        (("started>=2026-09-01T00:00:00Z", "customer=*-03"), ["customer-03"]),
    ],
)
def test_select(shop: Shell, selected: tuple[str, ...], expected: list[str]) -> None:
    options = [option for one in selected for option in ("--select", one)]

    found = migrated(shop, *AT_RENEWAL, *options, "--dry-run")

    assert sorted(names(found)) == [f"{key}/default" for key in expected]
    assert found["counts"]["not_selected"] == len(KEYS) - len(expected)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--select", "tier"), "neither KEY=VALUE nor customer=GLOB"),
        (("--select", "started<soon"), "'soon' is not a date or time"),
        (("--select", "started>2026-09-01"), "compared by < or >=, not by >"),
        (("--waves", "25%,10%"), "10% doesn't go beyond 25%"),
        (("--waves", "0%"), "'0%' is not a share"),
        (("--waves", "rest,50%"), "50% doesn't go beyond rest"),
        (("--stop-if", "failed"), "write failed>0, failed>1% or refused>0"),
        (("--not-before", "soon"), "'soon' is not a date or time"),
    ],
)
def test_a_bad_option_is_named(shop: Shell, options: tuple[str, str], said: str) -> None:
    ran = migrate(shop, *AT_RENEWAL, *options, "--dry-run")

    assert ran.code == 64
    assert said in ran.err


def test_a_start_that_chooses_nobody_is_said_on_stderr_and_ends_with_0(shop: Shell) -> None:
    ran = migrate(shop, *AT_RENEWAL, "--select", "started<2026-01-01", "--yes")
    shown = json.loads(migrate(shop, *AT_RENEWAL, "--select", "started<2026-01-01", "--yes", "--format", "json").out)

    assert ran.code == 0
    assert "warning[nobody-chosen]: nobody is chosen" in ran.err
    assert "leaves out all 8 subscriptions on plan pro that could move" in ran.err
    assert [each["code"] for each in shown["diagnostics"]] == ["nobody-chosen"]


def test_a_plan_whose_change_is_unpublished_moves_nobody(shop: Shell, folder: Path) -> None:
    """Unless the version is named: then it is a warning."""
    (folder / "catalog.yaml").write_text(catalog("12"))

    latest, named = (migrate(shop, "--to", to, *AT_RENEWAL[2:], "--yes") for to in ("latest", "pro@2"))

    assert (latest.code, named.code) == (4, 0)
    assert "stopped[unpublished-change]" in latest.out
    assert "content of plan pro than the active version plan/pro@2 has (in phases): `sync` publishes" in latest.out
    assert "warning[unpublished-change]" in named.err
    assert live(shop, "customer-05") == ["customer-05 pro@1 canceled", "customer-05 pro@2 scheduled"]


@pytest.mark.parametrize("target", ["latest", "team"])
def test_selectors_that_choose_nobody_are_an_error_after_a_migration_too(shop: Shell, target: str) -> None:
    """Who has been moved by an earlier run is no mistake."""
    asked = ("--to", target, "--timing", "at_renewal")
    migrated(shop, *asked)
    shop.clock.advance(40 * DAY)

    nobody = migrate(shop, *asked, "--select", "tier=c", "--yes")
    again = migrate(shop, *asked, "--select", "tier=b", "--yes")

    assert (nobody.code, "no subscription matches" in nobody.err) == (1, True)
    assert again.code == 0


def test_of_many_customers_the_whole_list_is_read(shop: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    few = migrated(shop, *AT_RENEWAL, "--select", "tier=b", "--dry-run")
    monkeypatch.setattr("billsync.app.migration.facts.FEW", 1)

    many = migrated(shop, *AT_RENEWAL, "--select", "tier=b", "--dry-run")

    assert few == many


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--plan", "prp", "--to", "latest"), "no-plan"),
        (("--plan", "pro", "--to", "business"), "no-plan"),
        (("--plan", "pro", "--to", "1"), "not-active"),
        (("--plan", "pro", "--to", "team@2"), "not-active"),
        (("--plan", "pro", "--to", "latest", "--from", "2"), "nothing-matches"),
        (("--plan", "team", "--to", "pro"), "nothing-matches"),
        (("--plan", "pro", "--to", "latest", "--select", "tier=c"), "nothing-matches"),
    ],
)
def test_what_can_not_be_is_an_error(shop: Shell, options: tuple[str, ...], code: str) -> None:
    ran = shop.run("migrate", "catalog.yaml", *options, "--dry-run", "--format", "json", *LOCAL)

    assert (ran.code, [found["code"] for found in json.loads(ran.out)["diagnostics"]]) == (1, [code])


def test_files_without_an_owner_move_nobody(shop: Shell, folder: Path) -> None:
    (folder / "catalog.yaml").write_text(catalog("15").replace("  owner: payments\n", ""))

    assert "no-owner" in migrate(shop, *AT_RENEWAL, "--dry-run").err


def test_nobody_is_moved_against_the_files(shop: Shell, folder: Path) -> None:
    customers = folder / "all" / "customers.yaml"
    text = customers.read_text().replace("{plan: pro}", "{plan: pro, version: 1}", 1)
    customers.write_text(text.replace("{plan: pro}", "{plan: team, change: at_renewal}", 1))

    found = migrated(shop, *AT_RENEWAL, files="all")

    assert {one["name"]: one["reason"] for one in found["staying"]} == {
        "customer-01/default": "the files declare version 1, and it is not moved to plan/pro@2 against them",
        "customer-02/default": "the files declare plan team, and it is not moved to plan/pro@2 against them",
    }
    assert live(shop, "customer-01") == ["customer-01 pro@1 active"]


def test_those_of_others_and_those_with_another_future_are_left_alone(shop: Shell, folder: Path) -> None:
    """A cancelled subscription stays so; one with another change coming keeps it; other owners' are counted."""
    call(shop, "customer-01", "cancel", {"timing": "next_billing_cycle"})
    call(
        shop,
        "customer-02",
        "change",
        {"customer": {}, "plan": {"key": "team", "version": 1}, "timing": "next_billing_cycle"},
    )
    call(
        shop,
        "customer-03",
        "change",
        {"customer": {}, "plan": {"key": "pro", "version": 2}, "labels": {}, "timing": "immediate"},
    )
    before = live(shop, "customer-0")[:5]

    found = migrated(shop, *AT_RENEWAL)
    (folder / "catalog.yaml").write_text(catalog("15").replace("owner: payments", "owner: sales"))
    other = migrate(shop, "--to", "team", "--timing", "at_renewal", "--yes")

    assert {one["name"]: one["code"] for one in found["staying"]} == {
        "customer-01/default": "ending", "customer-02/default": "another-change",
    }  # fmt: skip
    assert len(names(found)) == 5
    assert live(shop, "customer-0")[:4] == before[:4]
    assert other.code == 1
    assert "(other owners: 7; unlabelled: 1)" in other.err


def test_not_before_leaves_those_that_renew_earlier_for_a_later_run(shop: Shell) -> None:
    early = migrated(shop, *AT_RENEWAL, "--not-before", "2026-10-15")
    shop.clock.advance(25 * DAY)
    later = migrated(shop, *AT_RENEWAL, "--not-before", "2026-10-15")

    assert {one["reason"] for one in early["staying"]} == {
        "it would move at 2026-10-01T00:00:00Z, before the date given"
    }
    assert early["counts"]["moving"] == 0
    assert (later["counts"]["moving"], later["exit"]) == (8, 0)


def test_a_wave_within_the_notice_period_is_refused(shop: Shell, folder: Path) -> None:
    (folder / "catalog.yaml").write_text(catalog("15", policy="policy: {notice: P30D}"))

    ran = migrate(shop, *AT_RENEWAL, "--waves", "25%", "--yes")
    with_date = migrated(shop, *AT_RENEWAL, "--not-before", "2026-10-11")
    shop.clock.advance(22 * DAY)
    later = migrated(shop, *AT_RENEWAL, "--not-before", "2026-11-01")

    assert ran.code == 4
    assert "the first at 2026-10-01T00:00:00Z; the first date that is possible is 2026-10-11T00:00:00Z" in ran.out
    assert (with_date["exit"], with_date["counts"]["moving"]) == (0, 0)
    assert (later["exit"], later["counts"]["moving"]) == (4, 8)


def test_notices_say_who_pays_what_from_when(shop: Shell, folder: Path) -> None:
    ran = migrate(shop, *AT_RENEWAL, "--select", "customer=*-04", "--dry-run", "--notices", "notices.csv")
    again = migrate(shop, *AT_RENEWAL, "--dry-run", "--notices", "notices.csv")

    (row,) = csv.DictReader((folder / "notices.csv").read_text().splitlines())
    assert ran.code == 0
    assert row == {
        "customer": "customer-04",
        "name": "Customer-04",
        "email": "customer-04@example.com",
        "subscription": "default",
        "old_plan": "pro@1",
        "new_plan": "pro@2",
        "old_fees": "20 USD each P1M",
        "new_fees": "15 USD each P1M",
        "old_unit_prices": "",
        "new_unit_prices": "",
        "from": "2026-10-01T00:00:00Z",
    }
    assert "file-exists" in again.err


METERED = """\
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}, {key: seats, name: Seats}]
plans:
  - key: pro
    name: Pro
    phases: [{key: default, name: Default, rate_cards: [CARDS]}]
"""
CALLS = '{feature: calls, price: {type: unit, amount: "%s"}}'
SEATS = ', {feature: seats, price: {type: flat, amount: "3"}, billing_cadence: P1M}'


def test_notices_and_losses_name_features_by_their_keys(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").unlink()
    (folder / "customers.yaml").write_text(CUSTOMERS)
    for cards in (CALLS % "0.2" + SEATS, CALLS % "0.1"):
        (folder / "plans.yaml").write_text(METERED.replace("CARDS", cards))
        assert shell.run("sync", "plans.yaml", "customers.yaml", *LOCAL, "--yes").code == 0

    found = migrated(shell, *AT_RENEWAL, "--dry-run", "--notices", "notices.csv", files="plans.yaml")

    row = next(csv.DictReader((folder / "notices.csv").read_text().splitlines()))
    assert (row["old_unit_prices"], row["new_unit_prices"]) == ("calls: 0.2 USD a unit", "calls: 0.1 USD a unit")
    assert (row["old_fees"], row["new_fees"]) == ("3 USD each P1M", "nothing")
    assert {tuple(one["loses"]) for one in found["waves"][0]["subscriptions"]} == {("feature seats",)}


def break_changes(monkeypatch: pytest.MonkeyPatch, *, after: int) -> list[str]:
    """Every change after the first ones is answered with 400; gives the paths of all changes."""
    from billsync.live.client import Client
    from billsync.model.ports import Answer

    made: list[str] = []
    whole = Client.call

    def call(self: Client, method: str, path: str, body: Any = None) -> Answer:
        if path.endswith("/change"):
            made.append(path)
            if len(made) > after:
                return Answer(400, None, "the plan is on holiday")
        return whole(self, method, path, body)

    monkeypatch.setattr(Client, "call", call)
    return made


def test_a_failed_wave_stops_the_run(shop: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    break_changes(monkeypatch, after=1)

    found = migrated(shop, *AT_RENEWAL, "--waves", "25%,75%,rest")

    assert found["exit"] == 3
    assert found["stopped"] == "failed>0 holds after wave 25%"
    assert states(found)[0] == ("25%", "failed")
    assert found["waves"][0]["counts"] == {"moved": 1, "failed": 1, "refused": 0, "pending": 0}
    assert len(live(shop)) == 9


def test_a_condition_that_does_not_hold_lets_the_next_wave_begin(shop: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    break_changes(monkeypatch, after=7)

    found = migrated(shop, *AT_RENEWAL, "--waves", "25%,75%,rest", "--stop-if", "failed>50%", "--stop-if", "refused>0")

    assert (found["exit"], found["stopped"]) == (3, None)
    assert sum(wave["counts"]["moved"] for wave in found["waves"]) == 7


def test_a_run_again_goes_on_where_a_stopped_one_ended(shop: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        break_changes(patched, after=1)
        migrated(shop, *AT_RENEWAL, "--waves", "25%,rest")

    again = migrated(shop, *AT_RENEWAL, "--waves", "25%,rest")

    assert (again["exit"], again["counts"]["moved"], again["counts"]["moving"]) == (0, 1, 7)
    assert len(live(shop)) == 16


def test_a_run_that_was_killed_between_waves_is_resumed(shop: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    record = FileJournal.record

    def dying(self: FileJournal, event: str, facts: Any) -> None:
        if event == "wave" and facts["wave"] == "rest":
            raise Killed
        record(self, event, facts)

    with monkeypatch.context() as patched:
        patched.setattr(FileJournal, "record", dying)
        killed = migrate(shop, *AT_RENEWAL, "--waves", "25%,rest", "--yes")
    again = migrated(shop, *AT_RENEWAL, "--waves", "25%,rest")

    assert killed.code == 3
    assert (again["counts"]["moved"], again["counts"]["moving"]) == (2, 6)
    assert len(live(shop)) == 16


def test_each_wave_is_asked_about(shop: Shell) -> None:
    """The changes are shown before, and not once more after, on a terminal."""
    shop.width = 120

    ran = migrate(shop, *AT_RENEWAL, "--waves", "25%,rest", answer="yes\nn\n")

    assert (ran.code, len(live(shop))) == (0, 10)
    assert (ran.err.count("changing subscription"), ran.out.count("changing subscription")) == (8, 6)
    assert "Type yes to move 2 subscriptions (wave 25%) on local:.billsync/local.db [y/N]: " in ran.err
    assert "Stopped: wave rest was declined." in ran.out


def test_a_no_to_the_first_wave_does_nothing(shop: Shell) -> None:
    ran = migrate(shop, *AT_RENEWAL, "--waves", "25%,rest", answer="n\n")

    assert (ran.code, len(live(shop))) == (1, 8)
    assert "declined" in ran.err


def test_every_wave_stands_in_the_journal(shop: Shell) -> None:
    before = set(os.listdir(".billsync/journal"))

    migrated(shop, *AT_RENEWAL, "--waves", "25%,rest")

    (name,) = set(os.listdir(".billsync/journal")) - before
    events = [json.loads(line) for line in Path(".billsync/journal", name).read_text().splitlines()]
    assert [event["wave"] for event in events if event["event"] == "wave"] == ["25%", "rest"]
    assert sum(event["event"] == "call" for event in events) == 8


EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "team-addons" / "billsync.yaml"


def test_add_ons_that_no_file_declares_stop_the_run(shell: Shell, folder: Path) -> None:
    """Those that are declared are attached again after the renewal."""
    (folder / "shop.yaml").unlink()
    whole = EXAMPLE.read_text()
    (folder / "team.yaml").write_text(whole)
    assert shell.run("sync", "team.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(DAY)
    (folder / "team.yaml").write_text(whole.replace('amount: "49"', 'amount: "45"'))
    assert shell.run("sync", "team.yaml", *LOCAL, "--yes").code == 0
    (folder / "plans.yaml").write_text((folder / "team.yaml").read_text().partition("customers:")[0])
    asked = ("--plan", "dev_team", *AT_RENEWAL, *LOCAL, "--format", "json", "--yes")

    text = shell.run("migrate", "plans.yaml", *asked[:-3], "--dry-run").out
    lost = json.loads(shell.run("migrate", "plans.yaml", *asked).out)
    kept = json.loads(shell.run("migrate", "team.yaml", *asked).out)

    assert sorted((guard["code"], guard["addresses"][0]) for guard in lost["guards"]) == [
        ("addons-lost", "subscription/borealis/default"),
        ("addons-lost", "subscription/cirrus/default"),
    ]
    assert "  1 loses add-on mock_servers\n  2 lose add-on monitoring\n" in text
    (wave,) = lost["migration"]["waves"]
    assert {one["name"]: one["loses"] for one in wave["subscriptions"]} == {
        "borealis/default": ["add-on monitoring"],
        "cirrus/default": ["add-on mock_servers", "add-on monitoring"],
        "dorado/default": [],
    }
    assert (kept["guards"], kept["migration"]["waves"][0]["counts"]["moved"]) == ([], 3)
