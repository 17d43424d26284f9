"""What a server lacks, or has in another form, and a run can't make: it is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.cli.servers.database import open_database
from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import App, serving

CURRENCIES = "/openmeter/currencies"
FORM = {"code": "COINS", "name": "Coins", "precision": 2, "decimal_mark": ".", "thousand_separator": ","}
COINS = """\
_info: {owner: o}
external: {currencies: ["*"]}
meters: [{key: calls, name: Calls, event_type: call, aggregation: count}]
features: [{key: calls, name: Calls, meter: calls}]
addons:
- key: extra
  name: Extra
  currency: USD
  instance_type: single
  rate_cards: [{key: extra, name: E, currency: COINS, billing_cadence: P1M, price: {type: flat, amount: "5"}}]
plans:
- key: offering
  name: Offering
  currency: USD
  billing_cadence: P1M
  addons: [{addon: extra}]
  phases: [{key: default, name: D, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}]
- key: part
  name: Part
  currency: USD
  billing_cadence: P1M
  phases:
  - key: default
    name: D
    rate_cards: [{key: fee, name: Fee, currency: COINS, billing_cadence: P1M, price: {type: flat, amount: "1"}}]
- key: whole
  name: Whole
  currency: COINS
  billing_cadence: P1M
  phases: [{key: default, name: D, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}]
customers: [{key: coiner, name: C, subscription: {plan: part}}]
"""


def make_coins(shell: Shell, database: str, *, rate: str | None) -> None:
    app = open_database(database, shell.clock, test_clock=False)
    with httpx.Client(transport=httpx.WSGITransport(app=app), base_url="http://local/api/v3") as http:
        made = http.post(f"{CURRENCIES}/custom", json=FORM).raise_for_status().json()
        if rate is not None:
            costs = f"{CURRENCIES}/custom/{made['id']}/cost-bases"
            http.post(costs, json={"fiat_code": "USD", "rate": rate}).raise_for_status()
    app.close()


@pytest.mark.parametrize("command", ["diff", "sync", "apply"])
def test_a_missing_custom_currency_is_refused_before_any_write(shell: Shell, folder: Path, command: str) -> None:
    (folder / "coins.yaml").write_text(COINS)
    more = () if command == "diff" else ("--yes",)

    ran = shell.run(command, "coins.yaml", "--server", "local:one.db", *more)

    assert ran.code == 4
    for one in ("addon extra@1", "plan part@1", "plan whole@1"):
        assert one.split()[1] in ran.out
    assert "it is priced in the custom currency COINS, which the server doesn't have" in ran.out
    assert "make COINS on the server first, with what a unit costs" in ran.out
    assert "Refused: 3\n  Blocked: 2\n" in ran.out
    assert "failed" not in ran.out
    assert "creating meter calls" in ran.out


def test_a_promotion_without_the_currency_is_refused_in_its_plan(shell: Shell, folder: Path) -> None:
    (folder / "coins.yaml").write_text(COINS)
    make_coins(shell, "source.db", rate="0.01")
    assert shell.run("sync", "coins.yaml", "--server", "local:source.db", "--yes").code == 0

    shown = shell.run("promote", "--from", "local:source.db", "--to", "local:target.db", "--dry-run")
    ran = shell.run("promote", "--from", "local:source.db", "--to", "local:target.db", "--yes")
    make_coins(shell, "target.db", rate="0.01")
    again = shell.run("promote", "--from", "local:source.db", "--to", "local:target.db", "--yes")

    assert (shown.code, ran.code, again.code) == (4, 4, 0)
    for one in (shown, ran):
        assert "refused[not-on-server]" in one.out
    assert "failed" not in ran.out


def test_a_currency_of_which_a_unit_costs_nothing_is_refused(shell: Shell, folder: Path) -> None:
    """A plan in dollars can't be published; one in the currency, and an add-on by itself, can."""
    (folder / "coins.yaml").write_text(COINS)
    make_coins(shell, "one.db", rate=None)

    ran = shell.run("sync", "coins.yaml", "--server", "local:one.db", "--yes")
    online = shell.run("validate", "coins.yaml", "--online", "--server", "local:one.db")

    assert (ran.code, online.code) == (4, 1)
    assert "refused[no-unit-cost]" in ran.out
    assert "failed" not in ran.out
    assert "publishing plan whole@1" in ran.out
    assert "publishing addon extra@1" in ran.out
    assert online.err.count("error[no-unit-cost]") == 2


def test_validate_online_says_it_at_its_place(shell: Shell, folder: Path) -> None:
    (folder / "coins.yaml").write_text(COINS.replace('["*"]', "[COINS]"))

    ran = shell.run("validate", "coins.yaml", "--online", "--server", "local:one.db")

    assert ran.code == 1
    assert [line for line in ran.err.splitlines() if "external-missing" in line] == [
        "coins.yaml:10:48: error[external-missing]: the server doesn't have this",
        "coins.yaml:25:50: error[external-missing]: the server doesn't have this",
        "coins.yaml:28:13: error[external-missing]: the server doesn't have this",
    ]


def counting(seen: list[str], status: str | None = None) -> Any:
    """A server that notes reads of its currencies, and may refuse them."""

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Any:
            if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"].endswith(CURRENCIES):
                seen.append(environ["QUERY_STRING"])
                if status:
                    start_response(status, [("Content-Type", "application/problem+json")])
                    return [b"{}"]
            return app(environ, start_response)

        return wrapped

    return wrap


def test_currencies_are_read_once_and_only_where_needed(shell: Shell, folder: Path) -> None:
    (folder / "coins.yaml").write_text(COINS)
    make_coins(shell, "one.db", rate="0.01")
    seen: list[str] = []
    numbers = []
    with serving(folder / "one.db", FakeClock(), counting(seen)) as base:
        for command in (("sync", "shop.yaml", "--yes"), ("diff", "coins.yaml"), ("sync", "coins.yaml", "--yes")):
            assert shell.run(*command, "--server", base).code == 0
            numbers.append(len(seen))
        assert shell.run("diff", "coins.yaml", "--server", base, "--exit-code").code == 0

    assert [*numbers, len(seen)] == [0, 1, 2, 2]


def test_a_list_that_is_refused_says_nothing_of_a_currency(shell: Shell, folder: Path) -> None:
    """Unknown is never absent: the call tells."""
    (folder / "coins.yaml").write_text(COINS)
    make_coins(shell, "one.db", rate="0.01")
    seen: list[str] = []
    with serving(folder / "one.db", FakeClock(), counting(seen, "403 Forbidden")) as base:
        online = shell.run("validate", "coins.yaml", "--online", "--server", base)
        ran = shell.run("sync", "coins.yaml", "--server", base, "--yes")

    assert (online.code, ran.code, bool(seen)) == (0, 0, True)


LIVE = """\
_info: {owner: base}
meters: [{key: calls, name: M, event_type: e, aggregation: count, dimensions: {model: $.model}}]
features: [{key: bare, name: Bare}]
addons:
- {key: euros, name: E, currency: EUR, instance_type: single, rate_cards: [
    {key: x, name: X, price: {type: flat, amount: "5"}}]}
plans:
- {key: p, name: P, currency: USD, billing_cadence: P1M, phases: [
    {key: default, name: D, rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: "1"}}]}]}
customers: [{key: euro, name: E, currency: EUR}, {key: late, name: L}]
"""
FIT = """\
_info: {owner: mine}
external: {meters: [calls], features: [bare], plans: [p], addons: [euros], customers: ["*"]}
"""
PLAN = (
    "plans: [{key: q, name: Q, currency: USD, billing_cadence: P1M, %s phases: [{key: d, name: D, rate_cards: [%s]}]}]"
)
FEE = '{key: fee, name: Fee, price: {type: flat, amount: "1"}}'
METERED = '{key: bare, name: B, feature: bare, billing_cadence: P1M, price: {type: unit, amount: "1"}}'
MISFITS = {
    "filtered": ("unknown-dimension", "features: [{key: f, name: F, meter: {key: calls, filters: {no: {eq: a}}}}]"),
    "costed": (
        "unknown-dimension",
        "features: [{key: f, name: F, meter: calls, unit_cost: "
        "{type: llm, provider: openai, model_property: no, token_type: input}}]",
    ),
    "metered": ("unmetered-feature", PLAN % ("", METERED)),
    "offered": ("currency-mismatch", PLAN % ("addons: [{addon: euros}],", FEE)),
    "limited": ("addon-quantity", PLAN % ("addons: [{addon: euros, max_quantity: 3}],", FEE)),
    "paid": ("currency-mismatch", "subscriptions: [{customer: euro, plan: p}]"),
    "begun": ("no-such-phase", "subscriptions: [{customer: late, plan: p, starting_phase: nope}]"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_what_does_not_go_with_a_live_entity_is_refused(shell: Shell, folder: Path, case: str) -> None:
    """The same rules that offline hold between declared entities hold against live ones."""
    code, text = MISFITS[case]
    (folder / "base.yaml").write_text(LIVE)
    (folder / "mine.yaml").write_text(f"{FIT}{text}\n")
    assert shell.run("sync", "base.yaml", "--server", "local:one.db", "--yes").code == 0

    ran = shell.run("sync", "mine.yaml", "--server", "local:one.db", "--yes")

    assert ran.code == 4
    assert f"refused[{code}]" in ran.out
    assert "failed" not in ran.out
