from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from billsync.model.diagnostic import Position
from billsync.model.globs import Patterns
from billsync.model.policy import PricePolicy
from billsync.report.impact.price_policy import Breach, CurrencyChanged, breaches
from billsync.report.impact.repricing import PlanCards, plan_cards
from tests.support.subscription_rows import fee_card, graduated, plan_fields, unit, usage_card


def policy(increase: str | None = "10", decrease: str | None = "5", to: str = "1000") -> PricePolicy:
    up, down = (None if text is None else Decimal(text) for text in (increase, decrease))
    return PricePolicy(Patterns({"plan": ("pro*",)}), up, down, Decimal(0), Decimal(to), Position("a.yaml", 1, 1))


def cards(*prices: dict[str, Any]) -> PlanCards:
    return plan_cards(plan_fields(*prices))


def worst(
    old: PlanCards, new: PlanCards, rule: PricePolicy, **used: set[Decimal]
) -> list[tuple[Decimal, Decimal | None]]:
    found = breaches(rule, old, new, used)
    return [(one.quantity, one.percent) for one in found if isinstance(one, Breach)]


def api(price: dict[str, Any], **more: Any) -> PlanCards:
    return cards(usage_card("api", price, **more))


def test_a_rise_within_the_policy_passes_and_one_beyond_it_does_not() -> None:
    old, fine, dear = (api(unit(amount)) for amount in ("0.10", "0.11", "0.12"))

    assert breaches(policy(), old, fine, {}) == ()
    assert breaches(policy(), old, dear, {}) == (
        Breach(policy(), "default", "api", "USD", Decimal(1), Decimal("0.10"), Decimal("0.12")),
    )


def test_a_cut_hidden_in_one_tier_is_found_at_its_bound() -> None:
    old = api(graduated(("100", "1"), ("500", "0.8"), (None, "0.5")))
    new = api(graduated(("100", "1"), ("500", "0.7"), (None, "0.5")))

    assert worst(old, new, policy()) == [(Decimal(500), Decimal("-9.5238095238095238"))]


def test_the_same_money_in_another_form_never_breaks_a_policy() -> None:
    strict = policy("0", "0")
    old = api(unit("0.333"))

    assert breaches(strict, old, api(graduated((None, "0.333"))), {}) == ()
    assert breaches(strict, old, api(graduated(("7", "0.333"), ("70", "0.333"), (None, "0.333"))), {}) == ()
    thousand = {"operation": "divide", "conversion_factor": "1000"}
    assert breaches(strict, old, api(unit("333"), unit_config=thousand), {}) == ()


def phases(*named: tuple[str, str]) -> PlanCards:
    """A plan of phases, each with one unit price."""
    fields = plan_fields(usage_card("api", unit("1")))
    made = [plan_fields(usage_card("api", unit(amount)))["phases"][0] | {"key": key} for key, amount in named]
    return plan_cards({**fields, "phases": tuple(made)})


def test_another_key_of_a_phase_changes_nothing_that_is_paid() -> None:
    assert breaches(policy("0", "0"), phases(("main", "1")), phases(("standard", "1")), {}) == ()


def test_a_phase_put_before_is_compared_with_what_was_paid_then() -> None:
    cheaper_start = phases(("intro", "0.99"), ("main", "1"))

    assert breaches(policy("0", "5"), phases(("main", "1")), cheaper_start, {}) == ()
    assert worst(phases(("main", "1")), phases(("intro", "2"), ("main", "1")), policy()) == [(Decimal(1), Decimal(100))]


def test_a_fee_may_get_another_name() -> None:
    assert breaches(policy("0", "0"), cards(fee_card("base", "20")), cards(fee_card("seat", "20")), {}) == ()


def test_a_fee_that_was_free_before_is_beyond_any_percentage() -> None:
    assert worst(cards(), cards(fee_card("base", "20")), policy()) == [(Decimal(0), None)]


def in_currency(code: str, *prices: dict[str, Any]) -> PlanCards:
    fields = plan_fields(*({**price, "currency": code} for price in prices))
    return plan_cards({**fields, "currency": code})


def test_prices_in_different_currencies_are_not_compared() -> None:
    """Prices in another currency are reported as such, and not compared as if they were in the same."""
    old, new = (in_currency(code, usage_card("api", unit(amount))) for code, amount in (("USD", "10"), ("KWD", "9.99")))

    assert breaches(policy(), old, new, {}) == (CurrencyChanged(policy(), "default", "api", ("USD",), ("KWD",)),)


def test_what_was_free_costs_something_whatever_its_currency_was() -> None:
    old = in_currency("USD", usage_card("api", {"type": "free"}))
    new = in_currency("EUR", usage_card("api", unit("1")))

    assert worst(old, new, policy()) == [(Decimal(1), None)]
    assert breaches(policy(), old, in_currency("EUR", usage_card("api", {"type": "free"})), {}) == ()


def test_a_fee_in_a_second_currency_can_not_be_judged() -> None:
    old = cards(fee_card("base", "20"))
    new = cards(fee_card("base", "20"), {**fee_card("extra", "5"), "currency": "TOKENS"})

    assert breaches(policy(), old, new, {}) == (CurrencyChanged(policy(), "default", "", ("USD",), ("TOKENS", "USD")),)


def test_fees_in_two_currencies_are_judged_each_by_itself() -> None:
    tokens = [{**fee_card("extra", amount), "currency": "TOKENS"} for amount in ("5", "50")]
    old, new = (cards(fee_card("base", base), more) for base, more in zip(("20", "10"), tokens, strict=True))

    found = [(one.currency, one.percent) for one in breaches(policy(), old, new, {}) if isinstance(one, Breach)]

    assert found == [("TOKENS", Decimal(900)), ("USD", Decimal(-50))]


def test_a_fee_that_becomes_yearly_is_judged_as_another_one() -> None:
    found = worst(cards(fee_card("base", "10")), cards(fee_card("base", "120", cadence="P1Y")), policy())

    assert sorted(percent is None for _, percent in found) == [False, True]


def test_quantities_outside_the_range_are_judged_only_if_used() -> None:
    """Quantities outside the range of a policy are judged only if they were really used."""
    old = api(graduated(("1000", "1"), (None, "1")))
    new = api(graduated(("1000", "1"), (None, "3")))

    assert worst(old, new, policy(to="1000")) == []
    assert worst(old, new, policy(to="1000"), api={Decimal(5000)}) == [(Decimal(5000), Decimal(160))]


def test_free_units_and_conversion_move_the_bounds() -> None:
    packed = {"unit_config": {"operation": "divide", "conversion_factor": "10", "rounding": "ceiling"}}
    old = api(graduated(("5", "1"), (None, "1")), discounts={"usage": "2"}, **packed)
    new = api(graduated(("5", "1"), (None, "9")), discounts={"usage": "2"}, **packed)

    (found,) = worst(old, new, policy("100", None, to="71"))

    assert found == (Decimal(71), Decimal("133.3333333333333333"))


def packs(size: str, rounding: str, amount: str) -> PlanCards:
    config = {"operation": "divide", "conversion_factor": size, "rounding": rounding}
    return api(unit(amount), unit_config=config)


def test_another_rounding_of_packages_is_found_at_its_first_step() -> None:
    found = worst(packs("1000", "floor", "1"), packs("1000", "half_up", "1"), policy("0", "0", to="1000000"))

    assert found == [(Decimal(500), None)]


def test_packages_of_another_size_are_found_far_from_nothing() -> None:
    rule = PricePolicy(Patterns(), Decimal(10), None, Decimal(3000), Decimal(6000), Position("a.yaml", 1, 1))

    ((quantity, percent),) = worst(packs("1000", "ceiling", "1"), packs("1500", "ceiling", "1.5"), rule)

    assert (quantity, percent) == (Decimal(4501), Decimal(20))


def test_a_higher_minimum_is_found() -> None:
    old = api(unit("1"), commitments={"minimum_amount": "10"})
    new = api(unit("1"), commitments={"minimum_amount": "12"})

    assert worst(old, new, policy()) == [(Decimal(0), Decimal(20))]


def test_a_lower_maximum_is_found_where_the_old_one_begins() -> None:
    old = api(unit("1"), commitments={"maximum_amount": "700"})
    new = api(unit("1"), commitments={"maximum_amount": "600"})

    ((quantity, percent),) = worst(old, new, policy())

    assert (round(quantity, 6), round(percent or Decimal(0), 6)) == (Decimal(700), Decimal("-14.285714"))


@given(
    st.lists(st.integers(1, 900), min_size=1, max_size=3, unique=True),
    st.decimals("0.001", "2", places=3),
    st.integers(0, 1000),
)
def test_no_usage_in_the_range_is_worse_than_what_is_found(bounds: list[int], amount: Decimal, usage: int) -> None:
    """Law: where a policy is kept at the edges, it is kept everywhere between them."""
    tiers = [*((str(bound), "0.5") for bound in sorted(bounds)), (None, str(amount))]
    old, new = api(unit("0.5")), api(graduated(*tiers))
    rule = policy("20", "20")

    at_edges = breaches(rule, old, new, {})
    everywhere = breaches(rule, old, new, {"api": {Decimal(usage)}})

    assert at_edges == everywhere
