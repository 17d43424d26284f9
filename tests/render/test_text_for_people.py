"""What text does for a person at a terminal: the same is said once, tables fit, prices of a new plan are there."""

from decimal import Decimal

import pytest

from billsync.model.address import Address
from billsync.model.change import Action, Change, Outcome, PlanFile
from billsync.render.explain import topics_text
from billsync.render.formats.look import PLAIN, Look
from billsync.render.formats.table import table
from billsync.render.plan.outline import outline
from billsync.render.plan.price_card import price_card
from billsync.render.plan.text import as_text


def noted(number: int, outcome: Outcome = Outcome.REFUSED, kind: str = "subscription") -> Change:
    address = Address(kind, (f"c{number}", "default"))
    reason = f"{address.text} is on another plan than declared"
    return Change(
        address, Action.UPDATE, "updating", outcome, (), reason, f"declare {address.text} anew", "chain-change"
    )


def text_of(*changes: Change, look: Look = PLAIN) -> str:
    return as_text(outline(PlanFile("local:", "o", "diff", changes, ())), look).partition("\n\nSummary:")[0]


def test_what_is_said_of_many_is_said_once() -> None:
    assert text_of(*(noted(number) for number in range(300))) == (
        "refused[chain-change]: 300 subscriptions: it is on another plan than declared\n"
        "  c0/default, c1/default, c2/default and 297 more (--verbose names all)\n"
        "  declare it anew"
    )


def test_a_version_of_many_is_one_of_it() -> None:
    """Not `it@1`, which names none of them."""
    addons = [Address("addon", (key,)) for key in ("seats", "support")]
    reasons = [f"{one.text}@1 is a draft with other content" for one in addons]
    changes = [
        Change(one, Action.UPDATE, "publishing", Outcome.REFUSED, (), reason, f"delete {one.text}@1", "foreign-draft")
        for one, reason in zip(addons, reasons, strict=True)
    ]

    assert text_of(*changes) == (
        "refused[foreign-draft]: 2 addons: version 1 of it is a draft with other content\n"
        "  seats, support\n  delete version 1 of it"
    )


def test_a_few_are_all_named() -> None:
    assert text_of(noted(0), noted(1)) == (
        "refused[chain-change]: 2 subscriptions: it is on another plan than declared\n"
        "  c0/default, c1/default\n  declare it anew"
    )


def test_whatever_differs_is_said_by_itself() -> None:
    found = text_of(noted(0), noted(1, Outcome.WAITING), noted(2, kind="grant"))

    assert found.count("default is on another plan than declared") == 3


def test_verbose_names_everybody() -> None:
    found = text_of(*(noted(number) for number in range(300)), look=Look(names_all=True))

    assert found.count("refused[chain-change]: subscription c") == 300


def test_no_changes_is_printed_only_where_nothing_is_refused_or_waiting() -> None:
    """ "No changes." is printed only where nothing is refused, blocked, waiting or unsupported."""
    assert text_of(noted(1, Outcome.NOTE)).startswith("No changes.\n\nnote[chain-change]: ")
    for outcome in (Outcome.REFUSED, Outcome.BLOCKED, Outcome.WAITING, Outcome.UNMANAGEABLE):
        assert "No changes." not in text_of(noted(1, outcome))


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (None, ["Name                     Amount", "A very long name indeed     100"]),
        (20, ["Name          Amount", "A very long…     100"]),
        (5, ["Name    Amount", "A ver…     100"]),
    ],
)
def test_a_table_fits_the_terminal_and_never_cuts_a_number(width: int | None, lines: list[str]) -> None:
    rows = [["A very long name indeed", "100"]]

    assert list(table(("Name", "Amount"), rows, numbers={"Amount"}, width=width)) == lines


def test_a_new_plan_shows_its_prices_as_a_card() -> None:
    unit = {"type": "unit", "amount": Decimal("0.5")}
    tiers = (
        {"up_to_amount": Decimal(10), "flat_price": {"type": "flat", "amount": Decimal(3)}},
        {"unit_price": unit},
    )
    view = {
        "key": "pro",
        "currency": "USD",
        "billing_cadence": "P1M",
        "phases": (
            {"key": "trial", "duration": "P7D", "rate_cards": ({"key": "calls", "price": {"type": "free"}},)},
            {
                "key": "paid",
                "rate_cards": (
                    {"key": "setup", "price": {"type": "flat", "amount": Decimal(9)}, "payment_term": "in_advance"},
                    {"key": "calls", "billing_cadence": "P1M", "price": {"type": "graduated", "tiers": tiers}},
                    {"key": "seats", "price": unit, "discounts": {"percentage": Decimal(10)}},
                ),
            },
        ),
    }

    assert list(price_card(view)) == [
        "    phase trial for P7D:",
        "      calls: free",
        "    phase paid:",
        "      setup: 9 USD, once in advance",
        "      calls: graduated: up to 10: 3 USD; above: 0.5 USD a unit, each P1M",
        "      seats: 0.5 USD a unit, each P1M, discounts percentage 10",
    ]


def test_a_card_says_what_a_price_is_for() -> None:
    """A price for a thousand, in a currency of its own, doesn't read as one for a single unit in the plan's."""
    config = {"operation": "divide", "conversion_factor": Decimal(1000), "rounding": "ceiling"}
    unit = {"type": "unit", "amount": Decimal("0.4")}
    access = {"type": "metered", "is_soft_limit": False}
    card = {"key": "mails", "price": unit, "unit_config": config, "currency": "TOKENS", "entitlement": access}

    assert list(price_card({"currency": "USD", "billing_cadence": "P1M", "rate_cards": (card,)})) == [
        "    mails: 0.4 TOKENS a converted unit, each P1M, "
        "unit_config operation divide conversion_factor 1000 rounding ceiling, "
        "entitlement type metered is_soft_limit false",
    ]


def test_explanations_fit_the_terminal() -> None:
    said = topics_text([("plan", "What is sold."), ("rate_card", "A line of a plan, with its price.")], width=36)

    assert said.splitlines()[:4] == [
        "Topics:",
        "  plan       What is sold.",
        "  rate_card  A line of a plan, with",
        "             its price.",
    ]
