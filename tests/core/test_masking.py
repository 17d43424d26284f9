"""Sourced values in plan files: hidden by where they came from, and put back exactly."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.config import load
from billsync.core.observed.expectation import holds_before
from billsync.core.plan_file import from_json, to_json
from billsync.core.secrets.masking import masked
from billsync.core.secrets.source_forms import FORMS, proof
from billsync.core.secrets.step_masking import step_masking
from billsync.core.secrets.unmasking import revealed, sources_of, unmasked
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Action, Call, Change, Expectation, FieldChange, Guard, PlanFile, Step
from billsync.model.result import Status, StepResult
from billsync.model.source import Source
from billsync.model.state import Desired
from billsync.model.value import Masked

PRICE, NAME = Source("env", "PRICE"), Source("env", "NAME")
PLAN = Address("plan", ("pro",))
FILES = """
plans:
- key: pro
  name: !env NAME
  currency: USD
  billing_cadence: P1M
  phases:
  - key: a
    name: A
    rate_cards: [{key: fee, name: Fee, price: {type: flat, amount: !env PRICE}, billing_cadence: P1M}]
- {key: other, name: Secret plan, currency: USD, billing_cadence: P1M,
   phases: [{key: a, name: A, rate_cards: [{key: f, name: F, price: {type: free}}]}]}
"""


@pytest.fixture
def desired() -> Desired:
    found, problems = load(
        ["-"], registry=KINDS, stdin=io.StringIO(FILES), environment={"PRICE": "12.50", "NAME": "Secret plan"}
    )
    assert problems == ()
    return found


def view(amount: object, name: str = "Secret plan") -> dict[str, object]:
    card = {"key": "fee", "name": "Fee", "price": {"type": "flat", "amount": amount}}
    return {"key": "pro", "name": name, "currency": "USD", "phases": ({"key": "a", "rate_cards": (card,)},)}


def plan_of(address: Address) -> PlanFile:
    amount = FORMS["number"]("12.50")
    step = Step(
        "update plan/pro",
        address,
        "updating",
        Call("PUT", "/plans/{plan/pro}", {"name": "Secret plan", "amount": "12.5", "currency": "USD"}),
        Expectation(view(FORMS["number"]("7"), "Older plan")),
        Expectation(view(amount)),
    )
    change = Change(
        address,
        Action.UPDATE,
        "updating",
        fields=(
            FieldChange(("name",), "Older plan", "Secret plan"),
            FieldChange(("phases", "a", "rate_cards", "fee", "price", "amount"), "7", "12.5"),
            FieldChange(("currency",), "EUR", "USD"),
        ),
        reason="Secret plan costs 12.50 more",
        steps=(step.id,),
    )
    guard = Guard("dearer", "12.50 is more", "--allow dearer", (address,))
    return PlanFile("local:", "me", "sync", (change,), (step,), (guard,))


def test_a_change_hides_both_sides_of_a_sourced_field(desired: Desired) -> None:
    shown = masked(plan_of(PLAN), desired, KINDS)

    (change,) = shown.changes
    assert change.fields == (
        FieldChange(("name",), Masked(NAME, "other"), Masked(NAME)),
        FieldChange(
            ("phases", "a", "rate_cards", "fee", "price", "amount"), Masked(PRICE, "other"), Masked(PRICE, "digits")
        ),
        FieldChange(("currency",), "EUR", "USD"),
    )
    assert change.reason == "(from env NAME) costs (from env PRICE) more"
    assert shown.guards[0].reason == "(from env PRICE) is more"
    assert shown.steps[0].call.body == {"name": Masked(NAME), "amount": Masked(PRICE, "digits"), "currency": "USD"}
    assert not any(secret in to_json(shown) for secret in ("Secret", "Older", "12.5", '"7"'))


def test_another_entity_with_the_same_value_shows_it(desired: Desired) -> None:
    plan = plan_of(Address("plan", ("other",)))

    shown = masked(plan, desired, KINDS)
    assert (shown.changes, shown.steps) == (plan.changes, plan.steps)


def test_what_nests_in_the_entity_and_what_refers_to_it_hides_it_too(desired: Desired) -> None:
    (customer,) = load(
        ["-"],
        registry=KINDS,
        stdin=io.StringIO("customers: [{key: acme, name: !env NAME}]"),
        environment={"NAME": "x9y"},
    )[0].entities
    nested = plan_of(Address("grant", ("acme", "welcome")))
    grant = replace(
        nested, steps=tuple(replace(step, call=Call("POST", "/g", {"note": "x9y"})) for step in nested.steps)
    )

    shown = masked(grant, Desired(entities=(customer,), sourced={NAME: "x9y"}), KINDS)

    assert shown.steps[0].call.body == {"note": Masked(NAME)}


def test_a_note_on_what_refers_to_the_entity_and_each_guard_hide_it() -> None:
    text = FILES + "customers: [{key: acme, name: Acme, subscription: {plan: pro}}, {key: zorg, name: Zorg}]\n"
    desired, _ = load(
        ["-"], registry=KINDS, stdin=io.StringIO(text), environment={"PRICE": "12.50", "NAME": "Secret plan"}
    )
    chain, other = Address("subscription", ("acme", "default")), Address("customer", ("zorg",))
    notes = tuple(Change(address, Action.NONE, "note", reason="pays 12.50") for address in (chain, other))

    shown = masked(PlanFile("local:", "me", "sync", notes, (), (Guard("g", "12.50", "x", (other,)),)), desired, KINDS)

    assert [change.reason for change in shown.changes] == ["pays (from env PRICE)", "pays 12.50"]
    assert [guard.reason for guard in shown.guards] == ["(from env PRICE)"]


def test_a_masked_plan_file_is_put_back_exactly(desired: Desired) -> None:
    plan = plan_of(PLAN)

    shown = from_json(to_json(masked(plan, desired, KINDS, salt="s")))
    back = unmasked(shown, desired.sourced)

    assert sources_of(shown) == (NAME, PRICE)
    assert [(step.call, step.after) for step in back.steps] == [(step.call, step.after) for step in plan.steps]


def test_an_older_value_is_known_by_its_proof(desired: Desired) -> None:
    plan = plan_of(PLAN)
    step = unmasked(masked(plan, desired, KINDS, salt="s"), desired.sourced).steps[0]
    before = plan.steps[0].before.view

    assert holds_before(KINDS["plan"], step.before, view=before, status="")
    assert not holds_before(KINDS["plan"], step.before, view={**before, "name": "Else"}, status="")  # type: ignore[dict-item]
    assert proof("Older plan", "s") != proof("Older plan", "t")


def test_what_becomes_of_a_step_hides_what_the_file_hides(desired: Desired) -> None:
    plan = plan_of(PLAN)
    shown = masked(plan, desired, KINDS)
    masking = step_masking(shown, desired.sourced, KINDS)
    (step,) = plan.steps

    result = masking.result(StepResult(step, Status.FAILED, "400: 'Secret plan' and 12.50 won't do"))
    difference = masking.difference(step, FieldChange(("name",), "A third plan", "Secret plan"))
    facts = masking.facts({"step": step.id, "body": step.call.body, "message": "no Secret plan"})

    assert result == StepResult(shown.steps[0], Status.FAILED, "400: '(from env NAME)' and (from env PRICE) won't do")
    assert difference == FieldChange(("name",), Masked(NAME, "other"), Masked(NAME))
    assert facts == {"step": step.id, "body": shown.steps[0].call.body, "message": "no (from env NAME)"}


@given(
    text=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
    | st.from_regex(r"-?\d+\.\d+", fullmatch=True)
    | st.sampled_from(["P1M0D", "true", "2026-01-01T02:00:00+02:00", "007", "1"])
)
def test_each_form_of_a_text_comes_back_from_its_name(text: str) -> None:
    for form, made in FORMS.items():
        value = made(text)
        if value is not None:
            assert revealed(Masked(NAME, form), {NAME: text}) == value
            assert type(revealed((Masked(NAME, form),), {NAME: text})[0]) is type(value)
