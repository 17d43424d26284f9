"""Konnect shows a subscription without its phases: each command says so, with what works instead, or works."""

from pathlib import Path

import pytest

from tests.support.command import Shell

pytestmark = [pytest.mark.thorough, pytest.mark.generation("konnect@1.1")]

KONNECT = ("--server", "local:konnect.db?dialect=konnect", "--dialect", "konnect")
SHOP = """\
_info: {owner: payments}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
plans:
  - key: pro
    name: Pro
    currency: USD
    billing_cadence: P1M
    phases: [{key: default, name: Default, rate_cards: [{feature: calls, price: {type: unit, amount: "AMOUNT"}}]}]
customers: [{key: acme, name: Acme, usage_attribution: {subject_keys: [acme]}, subscription: {plan: pro}}]
"""


def test_what_a_subscription_holds_is_never_guessed(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(SHOP.replace("AMOUNT", "2"))
    assert shell.run("sync", ".", *KONNECT, "--yes").code == 0
    (folder / "shop.yaml").write_text(SHOP.replace("AMOUNT", "3"))

    used, forecast = (shell.run(name, "acme", *KONNECT) for name in ("usage", "forecast"))
    diff = shell.run("diff", ".", "--impact", *KONNECT)

    assert (used.code, "note[all-features]: the server shows neither" in used.err) == (0, True)
    assert "No usage." in used.out
    assert (forecast.code, forecast.out) == (1, "")
    assert "error[phases-unshown]" in forecast.err
    assert "`billsync usage CUSTOMER --from DATE` shows what was used" in forecast.err
    assert diff.code == 0
    assert "not estimated: acme/default: this server shows neither its phases nor its start" in diff.out
