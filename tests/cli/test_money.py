import json
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from billsync.cli.servers.database import open_database
from tests.support.command import Ran, Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")
DATABASE = ".billsync/local.db"


def send(shell: Shell, *events: tuple[str, str]) -> None:
    """Usage of acme at the shell's time: an id and a model for each."""
    app = open_database(DATABASE, shell.clock, test_clock=False)
    rows = [
        {
            "specversion": "1.0",
            "id": name,
            "source": "test",
            "type": "request",
            "subject": "acme-prod",
            "data": {"model": model},
        }
        for name, model in events
    ]
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local") as client:
        answer = client.post("/api/v3/openmeter/events", json=rows)
    app.close()
    assert answer.status_code == 202


def change_to(shell: Shell, plan: str, timing: str = "immediate") -> None:
    """Another plan for the only subscription."""
    app = open_database(DATABASE, shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3/openmeter") as client:
        (row,) = client.get("/subscriptions").json()["data"]
        wanted = {"plan": {"key": plan}, "timing": timing, "settlement_mode": "credit_only"}
        body = {**wanted, "customer": {"id": row["customer_id"]}}
        answer = client.post(f"/subscriptions/{row['id']}/change", json=body)
    app.close()
    assert answer.status_code == 200


@pytest.fixture
def running(shell: Shell, folder: Path) -> Shell:
    """The shop, synced, ten days into acme's first period, with four requests."""
    shop = folder / "shop.yaml"
    text = shop.read_text().replace("aggregation: count}", "aggregation: count, dimensions: {model: $.model}}")
    shop.write_text(text.replace('amount: "0.002"', 'amount: "50"'))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(timedelta(days=10).total_seconds())
    send(shell, ("a", "small"), ("b", "small"), ("c", "large"), ("d", "large"))
    return shell


def test_usage_of_the_running_period_is_shown_by_feature(running: Shell) -> None:
    ran = running.run("usage", "acme", *LOCAL)

    assert ran == Ran(
        0,
        """\
Usage of customer acme, 2026-09-01 00:00:00Z to 2026-09-11 00:00:01Z

From                  To                    Feature       Usage
2026-09-01 00:00:00Z  2026-09-11 00:00:01Z  api_requests      4  ██████████████████████████████
""",
        "",
    )


def test_usage_can_be_told_by_a_dimension_and_by_day_as_csv(running: Shell) -> None:
    ran = running.run(
        "usage", "acme", *LOCAL, "--by", "model", "--window", "day", "--from", "2026-09-11", "--format", "csv"
    )

    assert ran == Ran(
        0,
        """\
feature,from,to,group,value
api_requests,2026-09-11T00:00:00Z,2026-09-12T00:00:00Z,large,2
api_requests,2026-09-11T00:00:00Z,2026-09-12T00:00:00Z,small,2
""",
        "",
    )


def test_usage_as_json_names_the_subject(running: Shell) -> None:
    ran = running.run("usage", "acme", *LOCAL, "--by", "subject", "--format", "json")

    assert json.loads(ran.out)["usage"] == [
        {
            "feature": "api_requests",
            "from": "2026-09-01T00:00:00Z",
            "to": "2026-09-11T00:00:01Z",
            "group": "acme-prod",
            "value": "4",
        }
    ]


def test_usage_of_no_time_is_a_wrong_call(running: Shell) -> None:
    backwards = running.run("usage", "acme", *LOCAL, "--from", "2026-09-05", "--to", "2026-09-04")
    nonsense = running.run("usage", "acme", *LOCAL, "--from", "yesterday")

    assert (backwards.code, nonsense.code) == (64, 64)
    assert backwards.err == (
        "error[no-time]: the period is not valid\n"
        "  --from must be before --to; the period would be 2026-09-05 00:00:00Z to 2026-09-04 00:00:00Z.\n"
    )


def test_usage_by_a_dimension_that_no_meter_has_is_a_wrong_call(running: Shell) -> None:
    ran = running.run("usage", "acme", *LOCAL, "--by", "nope")

    assert ran == Ran(
        64,
        "",
        "error[no-dimension]: no meter has this dimension\n  'nope'\n  Choose one of: feature, model, subject.\n",
    )


def test_invoices_of_nobody_are_a_wrong_call(running: Shell) -> None:
    ran = running.run("invoices", "", *LOCAL)

    assert (ran.code, ran.err) == (
        64,
        "error[no-customer]: there is no such customer\n  The key of a customer is never empty.\n",
    )


def test_a_forecast_says_what_is_due_and_when_the_credits_run_out(running: Shell) -> None:
    """Four requests at 50 in ten days: 500 are gone after 25, and half a cent more, rounded up, 22 seconds later."""
    ran = running.run("forecast", "acme", *LOCAL)

    assert ran == Ran(
        0,
        """\
Estimate for customer acme, plan prepaid, 2026-09-01 00:00:00Z to 2026-10-01 00:00:00Z

Due at the period's end, from usage so far:
Due         Card          From        To          Line              Quantity  Each  Discounts  Credits  To pay  Currency
2026-10-01  api_requests  2026-09-01  2026-10-01  unit-price-usage         4    50          0      200       0  USD

Total USD: 200, credits 200
Credits USD: 500 now, 300 after that
At the present pace the credits in USD run out 2026-09-26 00:00:22Z.

Estimate from usage so far. Left out: taxes, payment fees, credits still to be bought.
""",
        "",
    )


def test_a_forecast_does_not_miss_the_usage_of_what_is_free(shell: Shell, folder: Path) -> None:
    shop = folder / "shop.yaml"
    text = shop.read_text().replace("meter: api_requests}", "meter: api_requests}\n  - {key: sso, name: SSO}")
    shop.write_text(text.replace("[{use: api_standard}]", "[{use: api_standard}, {feature: sso, price: {type: free}}]"))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0

    ran = shell.run("forecast", "acme", *LOCAL)

    assert (ran.code, ran.err) == (0, "")


def test_a_forecast_as_json_holds_each_rated_line(running: Shell) -> None:
    found = json.loads(running.run("forecast", "acme", *LOCAL, "--format", "json").out)

    (charge,) = found["subscriptions"][0]["due"]
    assert [(line["reference"], line["quantity"], line["unit_price"], line["amount"]) for line in charge["lines"]] == [
        ("unit-price-usage", "4", "50", "200")
    ]
    assert found["subscriptions"][0]["currencies"][0]["credits_run_out_at"] == "2026-09-26T00:00:22Z"


def test_a_forecast_of_somebody_without_a_subscription_is_an_error(shell: Shell, folder: Path) -> None:
    (folder / "alone.yaml").write_text("_info: {owner: payments}\ncustomers: [{key: alone, name: Alone}]\n")
    shell.run("sync", "alone.yaml", *LOCAL, "--yes")

    ran = shell.run("forecast", "alone", *LOCAL)

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-subscription]: no active subscription to forecast")


def test_a_dialect_without_invoices_says_so_and_names_the_portal(running: Shell) -> None:
    ran = running.run("invoices", *LOCAL, "--dialect", "konnect")

    assert (ran.code, ran.out) == (1, "")
    assert ran.err == (
        "error[no-invoices]: this API has no invoices\n"
        "  The konnect API doesn't list them.\n"
        "  Open the billing portal: customers see and pay theirs there, and so does an operator.\n"
    )


def test_a_forecast_of_the_next_period_knows_what_the_last_one_took(running: Shell) -> None:
    """September took 200 of 500. On 6 October two more requests: 100 in five days, so 300 last to the 16th."""
    running.clock.advance(timedelta(days=25).total_seconds())
    send(running, ("e", "small"), ("f", "small"))

    found = json.loads(running.run("forecast", "acme", *LOCAL, "--format", "json").out)["subscriptions"][0]

    (currency,) = found["currencies"]
    assert (found["from"], found["to"]) == ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z")
    assert {name: currency[name] for name in ("credits_now", "credits_used", "credits_left", "total")} == {
        "credits_now": "300",
        "credits_used": "100",
        "credits_left": "200",
        "total": "0",
    }
    assert currency["credits_run_out_at"].startswith("2026-10-16T00:00:")


def test_a_forecast_as_csv_has_a_row_for_each_line(running: Shell) -> None:
    """A forecast as CSV has a row for each line; a note on stderr names what is left out."""
    ran = running.run("forecast", "acme", *LOCAL, "--format", "csv")

    assert ran == Ran(
        0,
        "plan,state,at,card,feature,from,to,reference,quantity,unit_price,amount,discounts,credits,total,currency\n"
        "prepaid,due,2026-10-01T00:00:00Z,api_requests,api_requests,2026-09-01T00:00:00Z,2026-10-01T00:00:00Z,"
        "unit-price-usage,4,50,200,0,200,0,USD\n",
        "note[estimate]: Estimate from usage so far. Left out: taxes, payment fees, credits still to be bought.\n",
    )


def test_a_ledger_as_csv_has_a_row_for_each_movement(running: Shell) -> None:
    running.clock.advance(timedelta(days=25).total_seconds())

    ran = running.run("ledger", "acme", *LOCAL, "--format", "csv")

    assert (ran.code, ran.err) == (0, "")
    assert [line.split(",")[1:] for line in ran.out.splitlines()] == [
        ["type", "name", "grant", "features", "currency", "amount", "before", "after"],
        ["funded", "Welcome credit", "welcome", "", "USD", "500", "0", "500"],
        ["consumed", "API requests", "", "", "USD", "-200", "500", "300"],
    ]


def test_invoices_as_csv_have_their_names_even_without_any(running: Shell) -> None:
    ran = running.run("invoices", *LOCAL, "--format", "csv")

    assert ran == Ran(0, "number,customer,status,issued_at,due_at,currency,amount,credits,total,is_past_due\n", "")


def test_a_forecast_trusts_the_balance_over_the_movements(shell: Shell, folder: Path) -> None:
    """A forecast uses the server's balance where credits came back without a movement.

    30 paid for September; after ten days the fee is 60, so 20 came back and 40 were taken for the other twenty.
    """
    shop = folder / "shop.yaml"
    fee = "{key: base, name: Base, billing_cadence: P1M, payment_term: in_advance, price: {type: flat, amount: %s}}"
    cards = "rate_cards: [{use: api_standard}]"
    text = shop.read_text().replace(cards, f"rate_cards: [{fee % 30}]")
    dear = f"\n  - {{key: dear, name: Dear, phases: [{{key: default, name: D, rate_cards: [{fee % 60}]}}]}}\ncustomers:"
    shop.write_text(text.replace("\ncustomers:", dear))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(timedelta(days=10).total_seconds())
    change_to(shell, "dear")

    ran = shell.run("forecast", "acme", *LOCAL)

    assert ran.err == (
        "note[balance-differs]: the server's balance in USD differs by 20 from the sum of its movements; "
        "the estimate goes by the balance\n"
    )
    assert "Credits USD: 450 now, 390 after that\n" in ran.out


def test_a_forecast_says_that_it_leaves_out_what_begins_later(running: Shell) -> None:
    change_to(running, "prepaid", "next_billing_cycle")

    ran = running.run("forecast", "acme", *LOCAL)

    assert (ran.code, ran.err) == (
        0,
        "note[not-begun]: the subscription to prepaid that begins 2026-10-01 00:00:00Z is left out\n",
    )
