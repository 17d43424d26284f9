"""Usage and fees settled against credits on the local server, where the recordings say nothing."""

from pathlib import Path

import httpx
import pytest

from billsync.local.store import store
from tests.local.conftest import Hands, Serve
from tests.support.events import send
from tests.support.prepaid import Account, account, feature, fee_card, plan, usage_card

pytestmark = pytest.mark.thorough

END = "2026-10-01T12:00:00Z"
SECOND_END = "2026-11-01T12:00:00Z"


@pytest.fixture
def acme(server: httpx.Client) -> Account:
    """A customer, subscribed from 2026-09-01 12:00 on to a plan that costs 1 a unit."""
    found = account(server)
    found.subscribe(plan(server, usage_card("calls", feature(server, "calls"))))
    return found


def use(found: Account, event_id: str, n: float | str, **more: str) -> None:
    send(found.server, event_id, **{"data": {"n": n}, **more})


def test_usage_lowers_what_is_live_at_once_and_what_is_settled_at_the_end(acme: Account, hands: Hands) -> None:
    acme.grant("10")

    use(acme, "1", 4)
    during = acme.balance()
    hands.move(days=30)
    after = acme.balance()

    assert (during, after) == (("6", "10"), ("6", "6"))
    assert acme.rows(**{"filter[type]": "consumed"}) == [("consumed", "-4", END)]


def test_the_books_are_the_same_whoever_looks_how_often(serve: Serve, hands: Hands) -> None:
    def told(looks: int) -> tuple[object, ...]:
        hands.now = hands.now.replace(year=2026, month=9, day=1, hour=12)
        found = account(serve())
        found.subscribe(plan(found.server, usage_card("calls", feature(found.server, "calls"))))
        found.grant("10", expires_after="P20D")
        found.grant("7")
        for day in range(1, 100):
            hands.move(days=1)
            if day % 10 == 0:
                use(found, str(day), 3)
            if looks and day % looks == 0:
                found.balance()
        return found.balance(), found.rows(), found.states()

    daily, never = told(1), told(0)

    assert daily == never
    assert daily[0] == ("-20", "-20")


def test_a_jump_over_several_periods_books_each_of_them(acme: Account, hands: Hands) -> None:
    acme.grant("100")
    use(acme, "1", 1, time="2026-09-05T00:00:00Z")
    use(acme, "2", 2, time="2026-10-05T00:00:00Z")
    use(acme, "3", 4, time="2026-11-05T00:00:00Z")

    hands.move(days=92)

    assert acme.balance() == ("93", "93")
    assert [row[1:] for row in acme.rows()[:3]] == [("-4", "2026-12-01T12:00:00Z"), ("-2", SECOND_END), ("-1", END)]
    assert acme.states() == [
        ("main/calls/v[0]/period[0]", "final"),
        ("main/calls/v[0]/period[1]", "final"),
        ("main/calls/v[0]/period[2]", "final"),
        ("main/calls/v[0]/period[3]", "active"),
    ]


def test_late_usage_is_booked_within_an_hour_only(acme: Account, hands: Hands) -> None:
    """Late usage is booked if it arrives within an hour, and lost after that."""
    acme.grant("100")
    use(acme, "1", 1)
    hands.move(days=30, minutes=59)
    use(acme, "2", 2, time="2026-09-05T00:00:00Z")
    within = acme.balance()
    hands.move(minutes=1)
    use(acme, "3", 4, time="2026-09-05T00:00:00Z")

    before = acme.balance()
    hands.move(minutes=1)
    after = acme.balance()

    assert (within, before, after) == (("97", "99"), ("93", "99"), ("97", "97"))
    assert acme.rows(**{"filter[type]": "consumed"}) == [("consumed", "-2", END), ("consumed", "-1", END)]
    assert acme.charges(expand="real_time_usage")[0]["totals"]["realtime"]["amount"] == "7"


def test_late_usage_is_paid_by_credits_that_expired_since_the_end(acme: Account, hands: Hands) -> None:
    acme.grant("10", effective_at="2026-09-01T12:30:00Z", expires_after="P30D")
    use(acme, "1", 1)
    hands.move(days=30, minutes=20)
    use(acme, "2", 2, time="2026-09-05T00:00:00Z")
    hands.move(minutes=20)
    expired = acme.rows(**{"filter[type]": "expired"})

    hands.move(minutes=21)

    assert expired == [("expired", "-9", "2026-10-01T12:30:00Z")]
    assert acme.rows(**{"filter[type]": "expired"}) == [("expired", "-7", "2026-10-01T12:30:00Z")]
    assert acme.balance() == ("0", "0")


def test_usage_that_is_taken_back_late_gives_credits_back_without_a_row(acme: Account, hands: Hands) -> None:
    acme.grant("3")
    use(acme, "1", 5)
    hands.move(days=30, minutes=10)
    booked = acme.balance()
    use(acme, "2", -4, time="2026-09-05T00:00:00Z")

    hands.move(hours=1)

    assert (booked, acme.balance()) == (("-2", "-2"), ("2", "2"))
    consumed = [("consumed", "-2", END), ("consumed", "-3", END)]
    assert acme.rows(**{"filter[type]": "consumed"}) == consumed
    assert acme.charges()[0]["totals"]["booked"]["amount"] == "1"


def test_what_was_taken_back_can_be_voided(acme: Account, hands: Hands) -> None:
    grant = acme.grant("3")
    use(acme, "1", 5)
    hands.move(days=30, minutes=10)
    acme.balance()
    use(acme, "2", -4, time="2026-09-05T00:00:00Z")
    hands.move(hours=1)

    acme.void(grant)

    assert acme.rows(**{"filter[type]": "voided"}) == [("voided", "-2", "2026-10-01T13:10:00Z")]
    assert acme.balance() == ("0", "0")


def test_a_grant_fills_a_hole_when_it_starts_and_only_then(acme: Account, hands: Hands) -> None:
    use(acme, "1", 5)
    hands.move(days=30)
    grant = acme.grant("8", effective_at="2026-10-05T00:00:00Z")
    early = acme.balance(), acme.void(grant).status_code

    hands.move(days=10)
    acme.void(grant)

    assert early == (("-5", "-5"), 409)
    assert acme.rows(**{"filter[type]": "voided"}) == [("voided", "-3", "2026-10-11T12:00:00Z")]
    assert acme.balance() == ("0", "0")


def test_a_grant_that_starts_later_keeps_for_a_hole_what_fills_it(acme: Account, hands: Hands) -> None:
    use(acme, "1", 5)
    hands.move(days=30)
    acme.balance()
    acme.grant("8", effective_at="2026-10-10T00:00:00Z", expires_after="P30D")

    before = acme.balance()
    hands.move(days=9)
    after = acme.balance()
    hands.move(days=31)

    assert (before, after, acme.balance()) == (("-5", "-5"), ("3", "3"), ("0", "0"))
    assert acme.rows(**{"filter[type]": "expired"}) == [("expired", "-3", "2026-11-09T00:00:00Z")]


def test_a_grant_made_before_the_hole_does_not_fill_it(acme: Account, hands: Hands) -> None:
    """A grant that was made before the hole doesn't fill it when the grant takes effect."""
    acme.grant("8", effective_at="2026-10-10T00:00:00Z", expires_after="P30D")
    use(acme, "1", 5)
    hands.move(days=39)

    started = acme.balance()
    hands.move(days=31)

    assert (started, acme.balance()) == (("3", "3"), ("-5", "-5"))


def test_a_grant_of_another_feature_fills_no_hole(acme: Account, hands: Hands) -> None:
    use(acme, "1", 5)
    hands.move(days=30)

    other = acme.grant("8", filters={"features": ["storage"]})
    own = acme.grant("4", filters={"features": ["calls", "storage"]})

    assert acme.balance() == ("7", "7")
    assert (acme.void(own).status_code, acme.void(other).status_code) == (409, 200)
    assert acme.balance() == ("-1", "-1")
    assert acme.balance(**{"filter[feature_key]": "calls"}) == ("-1", "-1")
    assert acme.balance(**{"filter[feature_key]": "storage"}) == ("0", "0")


def test_credits_that_came_after_the_moment_that_is_booked_leave_a_hole(acme: Account, hands: Hands) -> None:
    use(acme, "1", 5)
    hands.move(days=31)

    acme.grant("5")

    assert acme.rows(**{"filter[type]": "consumed"}) == [("consumed", "-5", END)]
    assert acme.balance(timestamp="2026-10-01T12:00:00Z")[1] == "-5"
    assert acme.balance() == ("0", "0")


def test_a_cancel_prorates_fees_in_advance_and_in_arrears(server: httpx.Client, hands: Hands) -> None:
    """A cancel gives back the unused part of a fee in advance, and takes the used part of a fee in arrears."""
    found = account(server)
    found.grant("100")
    hands.move(seconds=2)
    made = found.subscribe(plan(server, fee_card("seat", "10", "in_advance"), fee_card("support", "30", "in_arrears")))
    started = found.balance()
    hands.move(days=15)

    server.post(f"/subscriptions/{made}/cancel", json={})

    assert (started, found.balance()) == (("90", "90"), ("80", "80"))
    assert found.states() == [("main/seat/v[0]/period[0]", "final"), ("main/support/v[0]/period[0]", "final")]
    deleted = found.charges(**{"filter[status][oeq]": "deleted"})
    assert [(row["name"], row["status"], row["service_period"]["from"]) for row in deleted] == [
        ("Seat", "deleted", "2026-10-01T12:00:02Z")
    ]


def test_a_fee_in_advance_is_returned_in_part_even_if_not_read_before(server: httpx.Client, hands: Hands) -> None:
    """A fee in advance is taken whole and given back in part, even if no request came before the end."""
    found = account(server)
    found.grant("100")
    hands.move(seconds=2)
    made = found.subscribe(plan(server, fee_card("seat", "10", "in_advance")))
    hands.move(days=3)

    server.post(f"/subscriptions/{made}/cancel", json={})

    assert found.balance() == ("99", "99")
    assert found.rows(**{"filter[type]": "consumed"}) == [("consumed", "-10", "2026-09-01T12:00:02Z")]
    assert found.charges()[0]["amount_after_proration"] == {"amount": "1", "currency": ""}


def test_a_fee_is_not_returned_when_it_ends_in_its_first_second(server: httpx.Client, hands: Hands) -> None:
    """The fee of a subscription that ends in its first second is not given back."""
    found = account(server)
    found.grant("100")
    made = found.subscribe(plan(server, fee_card("seat", "10", "in_advance")))
    hands.move(milliseconds=900)

    server.post(f"/subscriptions/{made}/cancel", json={})

    assert found.balance() == ("90", "90")


def test_a_change_gives_back_the_unused_part_of_the_old_fee(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    found.grant("100")
    hands.move(seconds=2)
    made = found.subscribe(plan(server, fee_card("seat", "10", "in_advance")))
    other = plan(server, fee_card("seat", "30", "in_advance"), key="other")
    hands.move(days=15)

    body = {"customer": {}, "plan": {"id": other}, "timing": "immediate", "settlement_mode": "credit_only"}
    assert server.post(f"/subscriptions/{made}/change", json=body).status_code == 200

    assert found.balance() == ("80", "80")
    assert found.rows(**{"filter[type]": "consumed"}) == [
        ("consumed", "-15", "2026-09-16T12:00:02Z"),
        ("consumed", "-10", "2026-09-01T12:00:02Z"),
    ]


def test_an_end_taken_back_brings_the_charges_back(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    made = found.subscribe(plan(server, fee_card("seat", "10", "in_advance")))
    before = found.states()
    server.post(f"/subscriptions/{made}/cancel", json={"timing": "next_billing_cycle"})
    canceled = found.states()

    server.post(f"/subscriptions/{made}/unschedule-cancelation")

    assert before == [("main/seat/v[0]/period[0]", "final"), ("main/seat/v[0]/period[1]", "created")]
    assert canceled == before[:1]
    assert found.states() == before


def test_phases_are_billed_one_after_the_other(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    seat = fee_card("seat", "10", "in_advance")
    trial = {"key": "trial", "name": "Trial", "duration": "P14D", "rate_cards": [fee_card("seat", "1", "in_advance")]}
    found.subscribe(plan(server, phases=[trial, {"key": "paid", "name": "Paid", "rate_cards": [seat]}]))
    hands.move(days=13)
    during = found.balance()

    hands.move(days=2)

    assert (during, found.balance()) == (("-0.47", "-0.47"), ("-5.8", "-5.8"))


def test_scarce_credits_pay_charges_of_one_moment_by_item_key(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    found.grant("15")
    hands.move(seconds=2)

    found.subscribe(plan(server, fee_card("b", "10", "in_advance"), fee_card("a", "10", "in_advance")))

    answer = server.get(f"{found.path}/credits/transactions", params={"filter[type]": "consumed"}).json()["data"]
    assert [(row["name"], row["amount"]) for row in reversed(answer)] == [("A", "-10"), ("B", "-5"), ("B", "-5")]


def test_a_page_between_bookings_of_one_moment_has_the_right_balance(server: httpx.Client, hands: Hands) -> None:
    """A page that begins between bookings of the same moment shows the balance at its place."""
    found = account(server)
    found.grant("15")
    hands.move(seconds=2)
    found.subscribe(plan(server, fee_card("a", "10", "in_advance"), fee_card("b", "10", "in_advance")))
    balances, after = [], None

    while not balances or after:
        query = {"page[size]": "1"} | ({"page[after]": after} if after else {})
        page = server.get(f"{found.path}/credits/transactions", params=query).json()
        balances += [row["available_balance"]["after"] for row in page["data"]]
        after = page["meta"]["page"]["next"]

    assert balances == ["-5", "0", "5", "15"]


def test_a_minimum_is_due_at_the_end_only(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    card = usage_card("calls", feature(server, "calls"), commitments={"minimum_amount": "20"})
    found.subscribe(plan(server, card))
    use(found, "1", 3)
    during = found.balance()

    hands.move(days=30)

    assert (during, found.balance()) == (("-3", "0"), ("-20", "-20"))
    assert found.charges()[0]["totals"]["booked"] == {
        "amount": "3",
        "charges_total": "17",
        "credits_total": "20",
        "discounts_total": "0",
        "taxes_exclusive_total": "0",
        "taxes_inclusive_total": "0",
        "taxes_total": "0",
        "total": "0",
    }


def test_a_discount_is_the_32_bit_number_that_the_server_keeps(server: httpx.Client, hands: Hands) -> None:
    """A percentage is taken off as the 32-bit number that the server keeps."""
    found = account(server)
    discount = {"percentage": 12.34}
    found.subscribe(plan(server, usage_card("calls", feature(server, "calls"), discounts=discount)))
    use(found, "1", 1_000_000_000)

    hands.move(days=30)

    assert found.balance() == ("-876599998.47", "-876599998.47")


def test_only_the_events_that_the_feature_means_are_charged(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    large = feature(server, "large", dimensions={"size": "$.size"}, filters={"size": {"in": ["l", "xl"]}})
    found.subscribe(plan(server, usage_card("large", large)))
    send(server, "1", data={"n": 1, "size": "s"})
    send(server, "2", data={"n": 2, "size": "l"})
    send(server, "3", data={"n": 4, "size": "xl"}, subject="somebody else")
    send(server, "4", data={"n": 8})

    assert found.balance() == ("-2", "0")


def test_a_subject_that_joins_within_the_hour_brings_its_usage_along(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    made = found.subscribe(plan(server, usage_card("calls", feature(server, "calls"))))
    use(found, "1", 3, subject="late")
    hands.move(days=3)
    server.post(f"/subscriptions/{made}/cancel", json={})
    before = found.balance()

    body = {"name": "Acme", "usage_attribution": {"subject_keys": ["late"]}}
    assert server.put(found.path, json=body).status_code == 200

    assert (before, found.balance()) == (("0", "0"), ("-3", "0"))
    hands.move(minutes=61)
    assert found.balance() == ("-3", "-3")


def test_a_deleted_customer_keeps_its_books(server: httpx.Client, hands: Hands) -> None:
    found = account(server)
    made = found.subscribe(plan(server, usage_card("calls", feature(server, "calls"))))
    use(found, "1", 3)
    hands.move(seconds=5)
    server.post(f"/subscriptions/{made}/cancel", json={})
    found.balance()

    assert server.delete(found.path).status_code == 204
    hands.move(days=3)

    assert found.balance() == ("-3", "-3")


def test_what_is_invoiced_takes_the_credit_that_is_there(server: httpx.Client, hands: Hands) -> None:
    """A grant pays a part of the fee, the invoice asks for the rest, and nothing is owed as credit. A change later in
    the period returns nothing."""
    found = account(server)
    found.grant("4")
    body = {"customer": {"id": found.id}, "plan": {"id": plan(server, fee_card("seat", "10", "in_advance"))}}
    begun = server.post("/subscriptions", json=body).json()

    (charge, _) = server.get(f"{found.path}/charges").json()["data"]
    (invoice,) = server.get("/billing/invoices", params={"filter[customer_id][eq]": found.id}).json()["data"]
    hands.move(days=10)
    server.post(f"/subscriptions/{begun['id']}/cancel", json={"timing": "immediate"})
    (later,) = server.get("/billing/invoices").json()["data"]

    assert (charge["status"], invoice["status"], later["status"]) == ("final", "paid", "paid")
    assert [invoice["totals"][name] for name in ("amount", "credits_total", "total")] == ["10", "4", "6"]
    assert [issue["code"] for issue in later["validation_issues"]] == ["immutable_invoice_handling_not_supported"]
    assert found.balance() == ("0", "0")


def test_the_books_outlive_the_server(serve: Serve, hands: Hands, tmp_path: Path) -> None:
    found = account(serve(tmp_path / "server.db"))
    found.subscribe(plan(found.server, usage_card("calls", feature(found.server, "calls"))))
    found.grant("10")
    use(found, "1", 4)
    hands.move(days=30)
    rows = found.rows()

    again = Account(serve(tmp_path / "server.db", seed=2), found.id)

    assert again.balance() == ("6", "6")
    assert again.rows() == rows


def test_amounts_of_any_length_are_exact(acme: Account, hands: Hands) -> None:
    acme.grant("100000000000000000000000000000000000")
    use(acme, "1", "12345678901234567890123456789012345")
    hands.move(days=30, minutes=1)
    booked = acme.balance()
    use(acme, "2", "-12345678901234567890123456789012344", time="2026-09-05T00:00:00Z")

    hands.move(hours=1)

    assert booked[1] == "87654321098765432109876543210987655"
    assert acme.balance() == ("99999999999999999999999999999999999",) * 2


def test_a_fee_in_advance_is_paid_by_the_grant_of_the_same_second(server: httpx.Client, hands: Hands) -> None:
    hands.move(milliseconds=100)
    found = account(server)
    found.grant("20", expires_after="P20D")
    hands.move(milliseconds=40)

    found.subscribe(plan(server, fee_card("fee", "10", "in_advance")))
    hands.move(days=25)

    assert found.balance() == ("0", "0")
    assert [row[:2] for row in found.rows()] == [("expired", "-10"), ("funded", "20"), ("consumed", "-10")]


def test_a_card_is_booked_by_its_own_cadence(server: httpx.Client, hands: Hands) -> None:
    """A card that is billed more often than its plan is booked by its own periods."""
    daily = {"billing_cadence": "P1D"}
    calls = usage_card("calls", feature(server, "calls"), **daily)
    fees = fee_card("desk", "3", "in_arrears", **daily), fee_card("seat", "2", "in_advance", **daily)
    found = account(server)
    found.grant("100")
    found.subscribe(plan(server, calls, *fees))
    use(found, "1", 5)

    settled = [found.balance()[1]]
    hands.move(days=1)
    settled.append(found.balance()[1])
    hands.move(days=29)

    assert settled == ["98", "91"]
    assert found.balance()[1] == "-57"
    assert sorted(row[:2] for row in found.rows(**{"page[size]": "100"}) if row[2] == "2026-09-02T12:00:00Z") == [
        ("consumed", "-2"),
        ("consumed", "-3"),
        ("consumed", "-5"),
    ]


def test_a_filter_on_a_feature_leaves_out_what_other_features_will_cost(server: httpx.Client) -> None:
    found = account(server)
    cards = [usage_card(key, feature(server, key, event_type=key)) for key in ("calls", "tokens")]
    found.subscribe(plan(server, *cards))
    found.grant("100")
    found.grant("20", filters={"features": ["tokens"]})
    use(found, "1", 30, type="tokens")

    live = {key: found.balance(**{"filter[feature_key]": key}) for key in ("tokens", "calls")}

    assert live == {"tokens": ("90", "120"), "calls": ("100", "100")}
    assert found.balance(**{"filter[feature_key][exists]": "false"}) == ("100", "100")
    assert found.balance() == ("90", "120")


def test_usage_that_is_taken_back_after_its_booking_makes_nothing_live(acme: Account, hands: Hands) -> None:
    acme.grant("10")
    use(acme, "1", 5)
    hands.move(days=30, minutes=10)
    booked = acme.balance()

    use(acme, "2", -3, time="2026-09-05T00:00:00Z")

    assert (booked, acme.balance()) == (("5", "5"), ("5", "5"))


def test_a_year_and_a_month_are_added_one_after_the_other(server: httpx.Client) -> None:
    found = account(server)

    found.grant("1", effective_at="2024-02-29T12:00:00Z", expires_after="P1Y1M")

    assert found.rows(**{"filter[type]": "expired"}) == [("expired", "-1", "2025-03-28T12:00:00Z")]


def test_paging_backward_skips_rows_where_a_list_has_several_types(acme: Account, hands: Hands) -> None:
    for number in range(1, 4):
        grant = acme.grant(str(number))
        hands.move(seconds=1)
        acme.void(grant)
        hands.move(seconds=1)
    first = acme.server.get(f"{acme.path}/credits/transactions", params={"page[size]": "5"}).json()
    after = {"page[after]": first["meta"]["page"]["next"]}
    oldest = acme.server.get(f"{acme.path}/credits/transactions", params=after).json()

    page = {"page[size]": "2", "page[before]": oldest["meta"]["page"]["previous"]}

    assert [row[:2] for row in acme.rows()] == [
        ("voided", "-3"),
        ("funded", "3"),
        ("voided", "-2"),
        ("funded", "2"),
        ("voided", "-1"),
        ("funded", "1"),
    ]
    assert [row[:2] for row in acme.rows(**page)] == [("funded", "3"), ("voided", "-2")]


def test_a_booking_names_the_item_as_it_was_then(server: httpx.Client, hands: Hands) -> None:
    def items(subscription: str) -> list[str]:
        (phase,) = server.get(f"/subscriptions/{subscription}").json()["phases"]
        return [item["id"] for item in phase["items"]]

    found = account(server)
    subscription = found.subscribe(plan(server, fee_card("seat", "10", "in_advance")))
    before = items(subscription)
    hands.move(days=10)
    found.balance()

    server.post(f"/subscriptions/{subscription}/cancel", json={"timing": "immediate"})

    (row,) = server.get(f"{found.path}/credits/transactions").json()["data"]
    assert [row["labels"]["subscription_item_id"]] == before
    assert [charge["subscription"]["phase"]["item"]["id"] for charge in found.charges()] == items(subscription)
    assert items(subscription) != before


def test_usage_that_credits_pay_for_waits_for_its_period(server: httpx.Client) -> None:
    found = account(server)
    found.subscribe(plan(server, usage_card("calls", feature(server, "calls"), billing_cadence="P1D")))

    running, coming, *_ = found.charges()

    assert (running["status"], running["advance_after"]) == ("active", "2026-09-02T12:00:00Z")
    assert (coming["status"], coming["advance_after"]) == ("created", "2026-09-02T12:00:00Z")


def test_charges_of_one_second_are_paid_by_item_key_whatever_the_fraction(server: httpx.Client, hands: Hands) -> None:
    hands.move(microseconds=500_000)
    found = account(server)
    calls = usage_card("calls", feature(server, "calls"))
    found.subscribe(plan(server, calls, fee_card("seat", "10", "in_advance")))
    use(found, "1", 7)
    found.balance()
    found.grant("18")

    hands.move(days=31)

    assert found.rows(**{"filter[type]": "consumed"})[:3] == [
        ("consumed", "-9", END),
        ("consumed", "-1", END),
        ("consumed", "-7", END),
    ]


def test_a_grant_is_made_without_reading_all_others(acme: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []
    parse = store._row
    monkeypatch.setattr(store, "_row", lambda columns: read.append(columns) or parse(columns))

    def rows_read() -> int:
        read.clear()
        acme.grant("1")
        return len(read)

    counts = [rows_read() for _ in range(12)]

    assert set(counts[2:]) == {counts[1]}
    assert acme.balance() == ("12", "12")
