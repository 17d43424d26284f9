from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billsync.rating.card import Commitments
from billsync.rating.periods import Period
from billsync.report.billing.charges import Due
from billsync.report.billing.subscribed import Subscribed, subscribed
from billsync.report.billing.unshown import Unshown, changing, unshown
from billsync.report.credits.wallet import Wallet
from billsync.report.forecast.forecast import Basis, forecast, running, usage_needed
from tests.support.subscription_rows import FEATURES, fee_card, subscription_row, unit, usage_card

START, CHANGED, NOW = (datetime(2026, 9, day, tzinfo=UTC) for day in (1, 11, 16))
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
PERIODS = ("service_period", "full_service_period", "billing_period")
NEXT = "2026-10-01T00:00:00Z"


def changed(*cards: dict[str, Any]) -> Subscribed:
    """A subscription whose items are as they are since September 11."""
    row = subscription_row(*cards)
    for item in row["phases"][0]["items"]:
        item["active_from"] = "2026-09-11T00:00:00Z"
    return subscribed(row, FEATURES)


def charge_row(one: Subscribed, key: str, price: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The charge of an item from September 1 to 11."""
    month = {"from": "2026-09-01T00:00:00Z", "to": NEXT}
    return {
        "type": "flat_fee",
        "name": key.upper(),
        "currency": "USD",
        "status": "created",
        "price": price,
        "payment_term": "in_arrears",
        "invoice_at": NEXT,
        "service_period": {"from": "2026-09-01T00:00:00Z", "to": "2026-09-11T00:00:00Z"},
        "full_service_period": month,
        "billing_period": month,
        "lifecycle_controller": "system",
        "subscription": {"id": one.id, "phase": {"id": "p", "item": {"id": "i"}}},
        "unique_reference_id": f"{one.id}/default/{key}/v[0]/period[0]",
        **more,
    }


def found(one: Subscribed, *rows: dict[str, Any]) -> Unshown:
    return unshown(rows, one, known=running(one, NOW), features=FEATURES, now=NOW)


def keys(dues: tuple[Due, ...]) -> list[str]:
    return [one.billed.unique_id for one in dues]


FLAT = {"type": "flat", "amount": "30"}


def test_what_an_item_was_before_it_was_changed_is_due_too() -> None:
    """A third of the month at 30 and two thirds at 60."""
    one = changed(fee_card("base", "60"))
    past = found(one, charge_row(one, "base", FLAT))

    made = forecast(Basis(one, NOW, {}, Wallet(), besides=past.dues))

    assert [(each.charge.reference.removeprefix(one.id), each.charge.totals.total) for each in made.due] == [
        ("/default/base/v[0]/period[0]", Decimal("10.00")),
        ("/default/base/v[1]/period[0]", Decimal("40.00")),
    ]


def test_usage_of_an_earlier_piece_is_what_was_metered_then() -> None:
    one = changed(usage_card("api", unit("1"), commitments={"minimum_amount": "5"}))
    row = charge_row(one, "api", unit("2"), type="usage_based", feature_key="api")
    past = found(one, row)

    (due,) = past.dues
    assert due.needs == ("api", Period(START, CHANGED))
    assert due.needs in usage_needed(one, NOW, past.dues)
    assert due.slot.item.card.commitments == Commitments(minimum=Decimal(5))
    assert past.uncertain == ()


def test_usage_that_is_gone_may_have_had_terms_that_no_charge_shows() -> None:
    one = changed(fee_card("base", "60"))

    assert found(one, charge_row(one, "api", unit("2"), type="usage_based", feature_key="api")).uncertain == ("api",)
    assert found(one, charge_row(one, "gone", FLAT)).uncertain == ()


def test_other_charges_are_no_pieces_of_the_running_period() -> None:
    one = changed(fee_card("base", "60"))
    later = {"from": "2026-09-11T00:00:00Z", "to": NEXT}
    before = {"from": "2026-08-01T00:00:00Z", "to": "2026-09-01T00:00:00Z"}
    after = {"from": NEXT, "to": "2026-11-01T00:00:00Z"}
    rows = [
        charge_row(one, "base", FLAT, service_period=later),
        charge_row(one, "gone", FLAT, service_period=before, billing_period=before, invoice_at=before["to"]),
        charge_row(one, "next", FLAT, service_period=after, billing_period=after, invoice_at=after["to"]),
        charge_row(one, "gone", FLAT, status="deleted"),
        charge_row(one, "gone", FLAT, subscription=None),
        charge_row(one, "gone", FLAT, unique_reference_id="other/default/gone/v[0]/period[0]"),
        charge_row(one, "gone", FLAT, unique_reference_id=f"{one.id}/by hand"),
    ]

    assert found(one, *rows).dues == ()


def test_what_is_scheduled_is_due_where_a_charge_has_been_made_of_it() -> None:
    """From October 1 on there is a fee in advance that the row doesn't show yet."""
    one = changed(fee_card("base", "60"))
    after = {"from": NEXT, "to": "2026-11-01T00:00:00Z"}
    row = charge_row(one, "new", FLAT, payment_term="in_advance", **dict.fromkeys(PERIODS, after))

    assert [(due.at, due.billed.service_period.start) for due in found(one, row).dues] == [(OCTOBER, OCTOBER)]


def test_a_card_that_is_gone_but_still_charged_is_reported_as_stale() -> None:
    """A card that is gone, but still charged, is reported as stale and not counted."""
    one = changed(fee_card("base", "60"))
    whole = {"from": "2026-09-01T00:00:00Z", "to": NEXT}

    seen = found(one, charge_row(one, "gone", FLAT, service_period=whole))

    assert (seen.dues, seen.stale) == ((), ("gone",))


def test_a_changed_card_with_old_charges_counts_from_its_change() -> None:
    """A card whose charges haven't followed it yet counts only from the time of its change.

    The only charge is that of the whole month; then there is one for each part of it.
    """
    one = changed(fee_card("base", "60"))
    whole, later = ({"from": f"2026-09-{day}T00:00:00Z", "to": NEXT} for day in ("01", "11"))

    behind = found(one, charge_row(one, "base", FLAT, service_period=whole))
    ready = found(one, charge_row(one, "base", FLAT), charge_row(one, "base", FLAT, service_period=later))

    assert (behind.dues, list(behind.untold(one, NOW))) == ((), [("base", CHANGED)])
    assert (len(ready.dues), list(ready.untold(one, NOW))) == (1, [])


def test_a_card_that_costs_nothing_has_no_charges_to_miss() -> None:
    one = changed(fee_card("base", "60"), {"key": "sso", "name": "SSO", "price": {"type": "free"}})

    assert [key for key, _ in Unshown().untold(one, NOW)] == ["base"]


def test_a_piece_without_length_counts_with_the_piece_after_it() -> None:
    """A piece without length costs the server's amount, and counts together with the piece after it.

    It was changed twice within a second.
    """
    one = changed(fee_card("base", "60"))
    nothing = {"from": "2026-09-11T00:00:00Z", "to": "2026-09-11T00:00:00Z"}

    assert len(found(one, charge_row(one, "base", FLAT, service_period=nothing)).dues) == 1


def test_a_card_that_is_to_change_is_named_with_its_end() -> None:
    row = subscription_row(fee_card("base", "60"), fee_card("other", "1"))
    row["phases"][0]["items"][0]["active_to"] = NEXT

    assert list(changing(subscribed(row, FEATURES), NOW)) == [("base", OCTOBER)]


def test_a_one_time_fee_has_no_period_in_its_reference() -> None:
    one = changed(fee_card("base", "60"))

    past = found(one, charge_row(one, "setup", FLAT, unique_reference_id=f"{one.id}/default/setup/v[0]"))

    assert keys(past.dues) == ["default/setup/v[0]"]
