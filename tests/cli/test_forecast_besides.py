"""Forecasts of subscriptions that were changed within their running period, on the embedded server."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billsync.live.lists.paging import Refused, read_list
from billsync.model.ports import Answer, Remote
from tests.support.addon_shop import LOCAL, attach, rows, server, subscription_of
from tests.support.command import Shell

pytestmark = pytest.mark.thorough

DAY = timedelta(days=1).total_seconds()
SHOP = """\
_info: {owner: payments, defaults: {addon: {currency: USD}}}
meters:
  - {key: calls, name: Calls, event_type: call, aggregation: count}
features:
  - {key: calls, name: Calls, meter: calls}
addons:
  - key: boost
    name: Boost
    instance_type: multiple
    rate_cards: [{key: base, name: More, billing_cadence: P1M, price: {type: flat, amount: "3"}}]
  - key: talk
    name: Talk
    instance_type: single
    rate_cards: [{feature: calls, billing_cadence: P1M, price: {type: unit, amount: "2"}}]
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    settlement_mode: credit_only
    phases:
      - key: default
        name: Default
        rate_cards: [{key: base, name: Base, billing_cadence: P1M, price: {type: flat, amount: "10"}}]
    addons: [{addon: boost}, {addon: talk}]
customers:
  - key: acme
    name: Acme
    usage_attribution: {subject_keys: [acme]}
    subscription: {plan: pro}
    grants: [{key: welcome, name: Welcome, amount: "500", currency: USD, funding_method: none}]
"""


def set_quantity(shell: Shell, place: int, quantity: int) -> None:
    """So many of the add-on that was attached at that place."""
    with server(shell) as client:
        path = f"/subscriptions/{subscription_of(client, 'acme')}/addons"
        body = {"quantity": quantity, "timing": "immediate"}
        answer = client.patch(f"http://local/api/v1{path}/{rows(client, path)[place]['id']}", json=body)
    assert answer.status_code == 200, answer.text


def use(shell: Shell, count: int) -> None:
    """Acme calls so often, now."""
    at = shell.clock.now().isoformat()
    events = [
        {"specversion": "1.0", "id": f"{at}-{number}", "source": "test", "type": "call", "subject": "acme"}
        for number in range(count)
    ]
    with server(shell) as client:
        assert client.post("/events", json=events).status_code == 202


@pytest.fixture
def changed(shell: Shell, folder: Path) -> Shell:
    """Nine days with the plan alone, six with two boosts and talk, then four boosts and no talk; now it is day 20."""
    (folder / "shop.yaml").write_text(SHOP)
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(9 * DAY)
    with server(shell) as client:
        attach(client, "acme", "boost", 2)
        attach(client, "acme", "talk", 1)
    shell.clock.advance(3 * DAY)
    use(shell, 5)
    shell.clock.advance(3 * DAY)
    set_quantity(shell, 0, 4)
    set_quantity(shell, 1, 0)
    shell.clock.advance(5 * DAY)
    return shell


def told(shell: Shell) -> Any:
    return json.loads(shell.run("forecast", "acme", *LOCAL, "--format", "json").out)["subscriptions"][0]


def test_a_fee_that_was_changed_within_the_period_is_due_in_pieces(changed: Shell) -> None:
    """Of thirty days nine cost 10 / 30 each, six 16 / 30 and fifteen 22 / 30. Five calls at 2 are booked already."""
    found = told(changed)

    assert [(one["card"], one["to"][:10], one["lines"][0]["amount"]) for one in found["due"]] == [
        ("base", "2026-09-10", "3"),
        ("base", "2026-09-16", "3.2"),
        ("base", "2026-10-01", "11"),
    ]
    assert [(one["card"], one["total"]) for one in found["charged"]] == [("calls", "10")]
    assert (found["currencies"][0]["total"], found["currencies"][0]["credits_left"]) == ("0", "472.8")


def test_text_json_and_csv_name_the_same_pieces_with_their_periods(changed: Shell) -> None:
    text, listed = (changed.run("forecast", "acme", *LOCAL, *form).out for form in ((), ("--format", "csv")))

    due = [line.split()[:4] for line in text.partition("Due at")[2].splitlines() if line.startswith("2026-10-01")]
    cells = [line.split(",") for line in listed.splitlines()]
    assert due == [[one["at"][:10], one["card"], one["from"][:10], one["to"][:10]] for one in told(changed)["due"]]
    assert due == [[row[2][:10], row[3], row[5][:10], row[6][:10]] for row in cells if row[1] == "due"]


def test_what_a_forecast_says_is_left_is_left_at_the_end(changed: Shell) -> None:
    left = told(changed)["currencies"][0]["credits_left"]

    changed.clock.advance(11 * DAY)
    ledger = changed.run("ledger", "acme", *LOCAL)

    assert f"Balance USD: settled {left}, live {left}\n" in ledger.out


def test_terms_that_a_charge_does_not_show_are_noted(changed: Shell) -> None:
    ran = changed.run("forecast", "acme", *LOCAL)

    assert ran.err == (
        "note[terms-not-read]: calls isn't there now: a minimum, a maximum or a unit conversion that it has when it is "
        "aren't known\n"
    )


def test_where_charges_are_not_listed_it_is_said_since_when_a_card_counts(
    changed: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(remote: Remote, path: str, *more: Any) -> Any:
        if path.endswith("/charges"):
            raise Refused(path, Answer(501, None, "no credits"))
        return read_list(remote, path, *more)

    monkeypatch.setattr("billsync.app.server.connection.read_list", read)

    ran = changed.run("forecast", "acme", *LOCAL)

    assert ran.err == (
        "note[earlier-not-read]: base counts only since 2026-09-16 00:00:00Z: what it was before can't be read\n"
        "note[earlier-not-read]: calls was there until 2026-09-16 00:00:00Z: what it cost can't be read\n"
    )


def set_quantity_of_boost(shell: Shell, quantity: int) -> None:
    """So many boosts from the next period on."""
    with server(shell) as client:
        path = f"/subscriptions/{subscription_of(client, 'acme')}/addons"
        body = {"quantity": quantity, "timing": "next_billing_cycle"}
        assert client.patch(f"http://local/api/v1{path}/{rows(client, path)[0]['id']}", json=body).is_success


def test_when_credits_run_out_is_only_told_until_a_card_changes(changed: Shell) -> None:
    """From October on the base fee is 13, not 22: the row shows neither that nor the plan's part of it."""
    set_quantity_of_boost(changed, 1)

    ran = changed.run("forecast", "acme", *LOCAL)

    assert "At the present pace the credits in USD last until 2026-10-01 00:00:00Z or longer.\n" in ran.out
    assert ran.err.splitlines()[1:] == [
        "note[changes-later]: base changes 2026-10-01 00:00:00Z: "
        "what it costs then counts only as far as it was charged already",
        "note[known-until]: when credits run out is worked out until 2026-10-01 00:00:00Z only",
    ]


def test_an_add_on_that_begins_later_limits_the_forecast(shell: Shell, folder: Path) -> None:
    """An add-on that begins later limits how far the forecast reaches, although no item shows the add-on yet."""
    (folder / "shop.yaml").write_text(SHOP)
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    with server(shell) as client:
        attach(client, "acme", "talk", 1, timing="next_billing_cycle")

    ran = shell.run("forecast", "acme", *LOCAL, "--format", "json")

    (currency,) = json.loads(ran.out)["subscriptions"][0]["currencies"]
    assert (currency["credits_run_out_at"], currency["known_until"]) == (None, "2026-10-01T00:00:00Z")


def test_notes_stand_in_the_json_too(changed: Shell) -> None:
    set_quantity_of_boost(changed, 0)

    ran = changed.run("forecast", "acme", *LOCAL, "--format", "json")

    texts = [line.partition("]: ")[2] for line in ran.err.splitlines()]
    assert len(texts) > 0
    assert texts == json.loads(ran.out)["notes"]
