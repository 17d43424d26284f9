"""Changes at once of the quantities of add-ons are guarded with both amounts, and changes at renewal are not."""

from pathlib import Path

import pytest

from tests.support.command import Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")
SHOP = """\
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}, addon: {currency: USD}}}
addons:
  - key: blocks
    name: Blocks
    instance_type: multiple
    rate_cards:
      - {key: block, name: Block, price: {type: flat, amount: "30"}, billing_cadence: P1M, payment_term: in_advance}
plans:
  - key: team
    name: Team
    phases: [{key: default, name: Default, rate_cards: [{key: base, name: Base, price: {type: free}}]}]
    addons: [{addon: blocks}]
customers:
  - {key: acme, name: Acme, subscription: {plan: team, MODE, change: immediate, addons: [{addon: blocks, quantity: 2}]}}
"""
INVOICED, CREDIT = "settlement_mode: credit_then_invoice", "settlement_mode: credit_only"


def sold(shell: Shell, folder: Path, mode: str) -> Path:
    """A customer with two blocks, for ten days."""
    file = folder / "shop.yaml"
    file.write_text(SHOP.replace("MODE", mode))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(10 * 86_400.0)
    return file


@pytest.mark.parametrize("number", [1, 3])
def test_another_quantity_at_once_bills_twice_with_invoices(shell: Shell, folder: Path, number: int) -> None:
    file = sold(shell, folder, INVOICED)
    file.write_text(file.read_text().replace("quantity: 2", f"quantity: {number}"))

    ran = shell.run("diff", "shop.yaml", *LOCAL)

    assert ran.code == 4
    assert f"stopped[bills-twice]: the change from 2 to {number} of addon/blocks" in ran.out


def test_another_quantity_is_made_where_that_is_allowed(shell: Shell, folder: Path) -> None:
    file = sold(shell, folder, INVOICED)
    file.write_text(file.read_text().replace("quantity: 2", "quantity: 3"))

    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--allow", "bills-twice").code == 0


def test_another_quantity_at_renewal_is_not_guarded(shell: Shell, folder: Path) -> None:
    file = sold(shell, folder, INVOICED)
    file.write_text(file.read_text().replace("quantity: 2", "quantity: 3").replace("immediate", "at_renewal"))

    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0


def test_another_quantity_that_is_paid_from_credits_is_not_guarded(shell: Shell, folder: Path) -> None:
    file = sold(shell, folder, CREDIT)
    file.write_text(file.read_text().replace("quantity: 2", "quantity: 3"))

    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0


@pytest.mark.parametrize(("days", "code"), [(1, 4), (30, 0)])
def test_an_add_on_attached_again_is_guarded_in_a_paid_period(shell: Shell, folder: Path, days: int, code: int) -> None:
    """An add-on that was detached is guarded while its period is paid, and not once that is over."""
    file = sold(shell, folder, INVOICED)
    file.write_text(file.read_text().replace("quantity: 2", "quantity: 0"))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes", "--allow", "bills-twice").code == 0
    shell.clock.advance(days * 86_400.0)
    file.write_text(file.read_text().replace("quantity: 0", "quantity: 3"))

    ran = shell.run("sync", "shop.yaml", *LOCAL, "--yes")

    assert ran.code == code
    assert ("stopped[bills-twice]: the change from 0 to 3 of addon/blocks" in ran.out) == (code == 4)


def test_an_add_on_that_is_bought_in_addition_is_not_guarded(shell: Shell, folder: Path) -> None:
    file = folder / "shop.yaml"
    file.write_text(SHOP.replace("MODE", INVOICED).replace("quantity: 2", "quantity: 0"))
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    shell.clock.advance(86_400.0)
    file.write_text(file.read_text().replace("quantity: 0", "quantity: 3"))

    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
