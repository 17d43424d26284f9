"""`forecast`, `ledger` and `usage` of a customer with a long history, against reading the same rows as JSON.

Run it as `python -m benchmarks.forecast_long_history`. Times are of one core, as multiples of the floor, which is what
the same rows took to parse in the same run: a stage that grows in step with the rows keeps its multiple.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from billsync.live.protocol.encoding import decode
from billsync.model.moment import moment_text
from billsync.model.value import Fields
from billsync.rating.periods import Period
from billsync.render.forecast import forecast_text
from billsync.render.ledger import ledger_json, ledger_text
from billsync.render.usage import usage_json, usage_text
from billsync.report.billing.subscribed import subscribed
from billsync.report.billing.usage import used
from billsync.report.credits.ledger import Statement, ledger
from billsync.report.credits.wallet import wallet_of
from billsync.report.forecast.forecast import Basis, forecast, usage_needed

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SPAN = timedelta(days=730)
HOUR = timedelta(hours=1)
FEATURES = {"f-api": "api", "f-gb": "gb"}
USED = {"api": Decimal(40_000), "gb": Decimal(900)}
CREDITS = 100
SPENT = Decimal("0.6")
METERED = ("requests", "tokens", "storage", "seats", "jobs")

Result = TypeVar("Result")


@dataclass(slots=True)
class Watch:
    """Seconds of one core by stage."""

    seconds: dict[str, float] = field(default_factory=dict)

    def of(self, stage: str, work: Callable[[], Result]) -> Result:
        """What the work gives."""
        began = time.process_time()
        found = work()
        self.seconds[stage] = time.process_time() - began
        return found

    def told(self, floor: str) -> str:
        """Every other stage as a multiple of the floor."""
        base = self.seconds[floor]
        rest = {stage: seconds for stage, seconds in self.seconds.items() if stage != floor}
        shown = ", ".join(f"{stage} {seconds / base:.1f}" for stage, seconds in rest.items())
        return f"floor 1 = {base * 1000:.1f} ms; all {sum(rest.values()) / base:.1f}: {shown}"


def grant_rows(count: int) -> list[Fields]:
    """Grants over two years: some for one feature, some that expire, some voided, and the last ones start later."""
    return [_grant(number, count) for number in range(count)]


def _grant(number: int, count: int) -> Fields:
    created = NOW - SPAN + number * SPAN / count
    row: dict[str, Any] = {
        "id": f"grant_{number:06}",
        "key": f"grant-{number}",
        "name": "Credits",
        "currency": "USD",
        "amount": str(CREDITS),
        "created_at": moment_text(created),
        "status": "active",
        "priority": (10, 5, 20)[number % 3],
    }
    if number % 4 == 0:
        row["filters"] = {"features": [tuple(FEATURES.values())[number // 4 % 2]]}
    if number % 5 == 0:
        row["expires_at"] = moment_text(created + timedelta(days=500))
    if number % 20 == 7:
        row |= {"status": "voided", "voided_at": moment_text(min(created + timedelta(days=90), NOW))}
    if number % 20 == 19:
        row["effective_at"] = moment_text(NOW + number * timedelta(days=365) / count)
    return row


def consumed_rows(grants: int, count: int) -> list[Fields]:
    """Movements, newest first, that take a part of what was granted, evenly."""
    each = (CREDITS * grants * SPENT / count).quantize(Decimal("0.0001"))
    return [_consumed(number, each, count) for number in reversed(range(count))]


def _consumed(number: int, each: Decimal, count: int) -> Fields:
    booked = moment_text(NOW - SPAN + (number + 1) * (SPAN - HOUR) / count)
    feature = (None, "f-api", "f-gb")[number % 3]
    return {
        "id": f"move_{number:08}",
        "type": "consumed",
        "name": "Usage",
        "currency": "USD",
        "amount": f"-{each}",
        "booked_at": booked,
        "created_at": booked,
        "labels": {"feature_id": feature} if feature else {},
    }


def funded_rows(grants: Sequence[Fields]) -> Iterator[Fields]:
    """The movements of the grants."""
    for grant in grants:
        row = {name: grant[name] for name in ("name", "currency", "amount", "created_at")}
        labels = {"charge_id": grant["id"]}
        yield {**row, "id": f"move_{grant['id']}", "type": "funded", "booked_at": grant["created_at"], "labels": labels}


def statement(watch: Watch, grants: int, movements: int) -> Statement:
    """A statement whose rows came over the wire; reading them is the floor."""
    given = grant_rows(grants)
    rows = [*consumed_rows(grants, movements), *funded_rows(given)]
    content = json.dumps({"grants": given, "movements": rows}).encode()
    found: Any = watch.of("floor", lambda: decode(content))
    held = str(int(CREDITS * grants * (1 - SPENT) / 2))
    said = [{"currency": "USD", "settled": held, "live": held, "pending": "0"}]
    balance = {"retrieved_at": moment_text(NOW), "balances": said}
    return Statement(balance, tuple(found["movements"]), tuple(found["grants"]))


def subscription_row(grants: int) -> Fields:
    """A monthly subscription to two fees and two features, whose cost grows with what was granted."""
    share = Decimal(grants) / 400
    tiers = [{"up_to_amount": "1000", "unit_price": _unit(share / 10)}, {"unit_price": _unit(share / 20)}]
    cards = (
        {"key": "api", "feature": {"id": "f-api"}, "price": _unit(share / 100)},
        {"key": "gb", "feature": {"id": "f-gb"}, "price": {"type": "graduated", "tiers": tiers}},
        {"key": "base", "payment_term": "in_advance", "price": {"type": "flat", "amount": "20"}},
        {"key": "support", "payment_term": "in_arrears", "price": {"type": "flat", "amount": "30"}},
    )
    start = moment_text(NOW - SPAN - timedelta(days=10))
    shared = {"billing_cadence": "P1M", "currency": "USD"}
    items = [
        {"id": f"item-{place}", "active_from": start, "rate_card": {**shared, "name": card["key"], **card}}
        for place, card in enumerate(cards)
    ]
    return {
        "id": "sub-1",
        "customer_id": "cus-1",
        "active_from": start,
        "billing_anchor": start,
        "billing_cadence": "P1M",
        "invoice_currency": "USD",
        "phases": [{"key": "default", "active_from": start, "items": items}],
        "plan": {"id": "plan-1", "key": "pro", "version": 1},
        "settlement_mode": "credit_only",
        "status": "active",
    }


def _unit(amount: Decimal) -> Fields:
    return {"type": "unit", "amount": str(amount)}


def forecast_measured(grants: int, movements: int) -> str:
    """A forecast, from the rows to the text."""
    watch = Watch()
    shown = statement(watch, grants, movements)
    subscription = subscribed(subscription_row(grants), FEATURES)
    metered = {need: USED[need[0]] for need in usage_needed(subscription, NOW)}
    wallet = watch.of("wallet", lambda: wallet_of(shown, FEATURES))
    found = watch.of("forecast", lambda: forecast(Basis(subscription, NOW, metered, wallet)))
    watch.of("text", lambda: forecast_text("acme", [found]))
    (outlook,) = found.outlooks
    short = outlook.short_at.isoformat() if outlook.short_at else "never"
    told = f"credits {outlook.credits.normalize():f}, after that {outlook.left.normalize():f}, short {short}"
    return f"forecast of {grants:,} grants, {movements:,} movements ({told})\n  {watch.told('floor')}"


def ledger_measured(grants: int, movements: int) -> str:
    """A ledger, from the rows to the text and the JSON."""
    watch = Watch()
    shown = statement(watch, grants, movements)
    found = watch.of("ledger", lambda: ledger(shown))
    watch.of("text", lambda: ledger_text("acme", found))
    watch.of("JSON", lambda: ledger_json("acme", found))
    return f"ledger of {grants:,} grants, {movements:,} movements\n  {watch.told('floor')}"


def usage_measured(features: int, days: int) -> str:
    """Usage by the hour, from the rows to the text and the JSON."""
    watch = Watch()
    period = Period(NOW - timedelta(days=days), NOW)
    rows = [_window(period.start + hour * HOUR, hour) for hour in range(days * 24)]
    content = json.dumps(rows).encode()
    read: list[Any] = watch.of("floor", lambda: [decode(content) for _ in range(features)])
    names = [f"{METERED[number % len(METERED)]}-{number}" for number in range(features)]
    found = watch.of(
        "rows", lambda: [one for name, part in zip(names, read, strict=True) for one in used(name, part, None)]
    )
    watch.of("text", lambda: usage_text("acme", period, found, group=None))
    watch.of("JSON", lambda: usage_json("acme", period, found, group=None))
    return f"usage of {features} features, {days} days by the hour\n  {watch.told('floor')}"


def _window(start: datetime, number: int) -> Fields:
    return {"from": moment_text(start), "to": moment_text(start + HOUR), "value": str(number % 97), "dimensions": {}}


def main() -> None:
    """Print one block for each size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--grants", type=int, nargs="+", default=[100, 400, 1_600])
    options.add_argument("--each", type=float, default=7.5, help="movements for each grant")
    given = options.parse_args()
    for grants in given.grants:
        print(forecast_measured(grants, int(grants * given.each)), flush=True)
    for movements in (3_000, 30_000, 300_000):
        print(ledger_measured(400, movements), flush=True)
    for features, days in ((5, 30), (5, 365), (50, 365)):
        print(usage_measured(features, days), flush=True)


if __name__ == "__main__":
    main()
