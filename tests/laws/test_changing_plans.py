"""The tables of docs/changing-plans.md say what the embedded server books, and what the guard about invoices says."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from billsync.app.comparing.difference import intended
from billsync.core.diffing.diff import Mode
from tests.support.world import BASE, World, declared, rows_of

pytestmark = pytest.mark.thorough

PAGE = Path(__file__).resolve().parents[2] / "docs" / "changing-plans.md"
DAY = 86_400.0
CREDIT = 1000
FLAGS = dict.fromkeys(("cancel", "dearer-plan", "bills-twice", "addons-lost"), "")
FILES = """
_info: {{owner: shop, defaults: {{plan: {{currency: USD, billing_cadence: P1M}}, addon: {{currency: USD}}}}}}
addons:
  - key: seat
    name: Seat
    instance_type: multiple
    rate_cards:
      - {{key: seat, name: Seat, price: {{type: flat, amount: "30"}}, billing_cadence: P1M, payment_term: in_advance}}
plans:
  - key: basic
    name: Basic
    addons: [{{addon: seat}}]
    phases: [{{key: d, name: D, rate_cards: [
      {{key: fee, name: Fee, price: {{type: flat, amount: "20"}}, billing_cadence: P1M, payment_term: {term}}}]}}]
  - key: pro
    name: Pro
    phases: [{{key: d, name: D, rate_cards: [
      {{key: fee, name: Fee, price: {{type: flat, amount: "50"}}, billing_cadence: P1M, payment_term: {term}}}]}}]
customers:
  - key: acme
    name: Acme
    grants: [{{key: credit, name: Credit, amount: "1000", currency: USD, funding_method: none}}]
    subscription: {{settlement_mode: {mode}, {subscription}}}
"""
OF_PLANS = {
    "| from Basic to Pro |": ("plan: basic", "plan: pro"),
    "| from Pro to Basic |": ("plan: pro", "plan: basic"),
    "| Basic, cancelled |": ("plan: basic", "plan: basic"),
}


def tables() -> Iterator[tuple[str, list[list[str]]]]:
    """Each table of amounts: the beginning of its head, and the cells of its rows."""
    for head, rows in re.findall(
        r"^(\| .*\|)\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    ):
        yield head, [[cell.strip() for cell in row.strip("|").split("|")] for row in rows.splitlines()]


def rows_below(beginning: str) -> list[list[str]]:
    (rows,) = [rows for head, rows in tables() if head.startswith(beginning)]
    return rows


def september(*, before: str, after: str, mode: str, term: str) -> Decimal:
    """What a customer pays from credits for September, where a file changes on the 16th."""
    world = World()
    world.sync(declared(FILES.format(mode=mode, term=term, subscription=before)))
    world.clock.advance(15 * DAY)
    world.sync(declared(FILES.format(mode=mode, term=term, subscription=after)), allow=FLAGS)
    world.clock.advance(15 * DAY + 60)
    with world.http() as http:
        (customer,) = rows_of(http, "customers")
        path = f"{BASE}/openmeter/customers/{customer['id']}/credits/balance"
        (balance,) = http.get(path).json()["balances"]
        in_october = http.get(f"{BASE}/openmeter/customers/{customer['id']}/charges").json()["data"]
    ahead = sum(Decimal(row["amount_after_proration"]["amount"]) for row in in_october if _is_of_october(row))
    return CREDIT - Decimal(balance["settled"]) - ahead


def _is_of_october(charge: dict[str, object]) -> bool:
    """Whether a charge is a fee in advance for October, which is booked when that begins."""
    return str(charge["invoice_at"]).startswith("2026-10-01") and charge["payment_term"] == "in_advance"


def total(cell: str) -> Decimal:
    """The sum that a cell ends with; its parts must make it."""
    parts, _, end = cell.rpartition(" = ")
    amounts = [Decimal(sign + number) for sign, number in re.findall(r"([+-]?) ?(\d+)", parts)]
    assert not parts or sum(amounts) == Decimal(end)
    return Decimal(end)


@pytest.mark.parametrize("beginning", OF_PLANS)
def test_changes_of_plan_cost_what_the_page_says(beginning: str) -> None:
    before, after = OF_PLANS[beginning]
    for row in rows_below(beginning):
        target = f"{after}, {row[0].strip('`')}"

        in_advance = september(before=before, after=target, mode="credit_only", term="in_advance")
        in_arrears = september(before=before, after=target, mode="credit_only", term="in_arrears")

        assert (in_advance, in_arrears) == (total(row[3]), total(row[4])), row


def test_quantities_of_add_ons_cost_what_the_page_says() -> None:
    for row in rows_below("| seats |"):
        ((old, new, when),) = re.findall(r"^(\d), then (\d), at (\w+)$", row[0])
        change = "at_renewal" if when == "renewal" else "immediate"
        first, then = (f"[{{addon: seat, quantity: {number}}}]" if number != "0" else "[]" for number in (old, new))

        paid = september(
            before=f"plan: basic, addons: {first}",
            after=f"plan: basic, change: {change}, addons: {then}",
            mode="credit_only",
            term="in_arrears",
        )

        assert paid - 20 == total(row[3]), row


def test_the_guard_about_invoices_shows_the_amounts_of_add_ons() -> None:
    for row in rows_below("| seats |"):
        ((old, new, when),) = re.findall(r"^(\d), then (\d), at (\w+)$", row[0])
        if old == "0" or when == "renewal":
            continue
        world = World()
        first = f"plan: basic, addons: [{{addon: seat, quantity: {old}}}]"
        world.sync(declared(FILES.format(mode="credit_then_invoice", term="in_arrears", subscription=first)))
        world.clock.advance(15 * DAY)

        then = f"plan: basic, change: immediate, addons: [{{addon: seat, quantity: {new}}}]"
        guards = guards_of(world, FILES.format(mode="credit_then_invoice", term="in_arrears", subscription=then))

        billed = f"{total(row[2]) - 60} USD" if new != "0" else "nothing"
        assert f"bills {billed} in advance, and nothing comes back of the 60 USD" in guards["bills-twice"], row


@pytest.mark.parametrize("beginning", ["| from Basic to Pro |", "| from Pro to Basic |"])
def test_the_guard_about_invoices_shows_the_amounts_of_the_page(beginning: str) -> None:
    before, after = OF_PLANS[beginning]
    at_once = next(row for row in rows_below(beginning) if "immediate" in row[0])
    paid, now = re.findall(r"\d+", at_once[2])[:2]
    world = World()
    world.sync(declared(FILES.format(mode="credit_then_invoice", term="in_advance", subscription=before)))
    world.clock.advance(15 * DAY)

    target = FILES.format(mode="credit_then_invoice", term="in_advance", subscription=f"{after}, change: immediate")
    guards = guards_of(world, target)

    assert f"bills {now} USD in advance, and nothing comes back of the {paid} USD billed" in guards["bills-twice"]


def guards_of(world: World, text: str) -> dict[str, str]:
    """The reasons of the guards that would stop a run, by code."""
    plan = intended(world.connection(), declared(text), Mode("sync", deletes=True, allow={})).plan
    return {guard.code: guard.reason for guard in plan.guards}
