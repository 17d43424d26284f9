import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from billsync.model.note import Note
from billsync.render.ledger import ledger_csv, ledger_json, ledger_text
from billsync.report.credits.ledger import Balance, Ledger, Movement, Usable

AT = datetime(2026, 9, 3, tzinfo=UTC)
START = datetime(2026, 9, 1, 0, 0, 0, 500_000, tzinfo=UTC)
LATER = datetime(2026, 10, 1, tzinfo=UTC)
FUNDED = Movement(
    START, "funded", "Welcome credit", "USD", Decimal("500.00"), before=Decimal(0), after=Decimal(500), grant="welcome"
)
CONSUMED = Movement(
    AT, "consumed", "API\x1b requests", "USD", Decimal("-0.5"), before=Decimal(500), after=Decimal("499.5")
)
COMING = Movement(LATER, "funded", "Next", "USD", Decimal(20))
DIFFERING = Balance("USD", Decimal("499.5"), Decimal(500), Decimal(498), Decimal(20))
LEDGER = Ledger(AT, (FUNDED, CONSUMED), (COMING,), (DIFFERING,), (Note("balance-differs", "They differ."),))


def test_the_table_runs_from_the_oldest_with_exact_amounts() -> None:
    assert (
        ledger_text("acme", LEDGER)
        == """\
Credits of customer acme, 2026-09-03 00:00:00Z

Time                  Type      Name                      Amount  Before  After  Currency
2026-09-01 00:00:00Z  funded    Welcome credit (welcome)    +500       0    500  USD
2026-09-03 00:00:00Z  consumed  API\\x1b requests            -0.5     500  499.5  USD

From 2026-10-01 00:00:00Z: +20 USD, Next (not counted yet)

Balance USD: settled 500, live 498, pending 20 (the movements add up to 499.5)

note[balance-differs]: They differ.
"""
    )


def test_an_empty_ledger_says_so() -> None:
    text = ledger_text("acme", Ledger(AT, (), (), ()))

    assert text == "Credits of customer acme, 2026-09-03 00:00:00Z\n\nNo movements.\n"


def test_json_has_every_amount_as_text() -> None:
    document = json.loads(ledger_json("acme", LEDGER))

    assert document == {
        "format_version": "1.0",
        "customer": "acme",
        "at": "2026-09-03T00:00:00Z",
        "movements": [
            {
                "at": "2026-09-01T00:00:00.5Z",
                "type": "funded",
                "name": "Welcome credit",
                "grant": "welcome",
                "features": [],
                "currency": "USD",
                "amount": "500",
                "before": "0",
                "after": "500",
            },
            {
                "at": "2026-09-03T00:00:00Z",
                "type": "consumed",
                "name": "API\x1b requests",
                "grant": None,
                "features": [],
                "currency": "USD",
                "amount": "-0.5",
                "before": "500",
                "after": "499.5",
            },
        ],
        "upcoming": [
            {
                "at": "2026-10-01T00:00:00Z",
                "type": "funded",
                "name": "Next",
                "grant": None,
                "features": [],
                "currency": "USD",
                "amount": "20",
            }
        ],
        "balances": [
            {
                "currency": "USD",
                "settled": "500",
                "live": "498",
                "pending": "20",
                "added_up": "499.5",
                "agrees": False,
            }
        ],
        "usable": [],
        "notes": ["They differ."],
    }


def test_credits_for_one_feature_stand_below_the_balance() -> None:
    funded = replace(FUNDED, features=("tokens", "images"))
    usable = (Usable(None, "USD", Decimal(100), Decimal(90)), Usable("tokens", "USD", Decimal(127), Decimal(117)))

    text = ledger_text("acme", Ledger(AT, (funded,), (), (replace(DIFFERING, added_up=Decimal(500)),), (), usable))

    assert (
        text
        == """\
Credits of customer acme, 2026-09-03 00:00:00Z

Time                  Type    Name                                               Amount  Before  After  Currency
2026-09-01 00:00:00Z  funded  Welcome credit (welcome), for tokens, images only    +500       0    500  USD

Balance USD: settled 500, live 498, pending 20
  USD unrestricted credits alone: settled 100, live 90
  USD for tokens, with unrestricted credits: settled 127, live 117
"""
    )


def test_csv_has_a_line_for_each_movement() -> None:
    """CSV has a line for each movement, and no balances for movements that are still to come."""
    funded = replace(FUNDED, features=("tokens", "images"))

    text = ledger_csv(replace(LEDGER, movements=(funded, CONSUMED)))

    assert text == (
        "at,type,name,grant,features,currency,amount,before,after\n"
        "2026-09-01T00:00:00.5Z,funded,Welcome credit,welcome,tokens images,USD,500,0,500\n"
        "2026-09-03T00:00:00Z,consumed,API\\x1b requests,,,USD,-0.5,500,499.5\n"
        "2026-10-01T00:00:00Z,funded,Next,,,USD,20,,\n"
    )
