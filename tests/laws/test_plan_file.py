"""Law 8: a plan file survives JSON, whatever values stand in it; what is no plan file is said to be none."""

import json
import re
from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from billsync.core.plan_file import Edited, OtherVersion, UnknownFormat, from_json, plan_file_schema, sealed, to_json
from billsync.model.address import Address, Symbol
from billsync.model.change import (
    Action,
    Call,
    Change,
    Effect,
    Expectation,
    FieldChange,
    Guard,
    Obstacle,
    Outcome,
    PlanFile,
    Reading,
    Step,
)
from billsync.model.since import Since
from billsync.model.source import Source
from billsync.model.value import FloatFound, Masked

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
NAMES = st.one_of(TEXTS, st.sampled_from(["$symbol", "$number", "$literal", "$masked", "key"]))
KEYS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8)
ADDRESSES = st.builds(
    Address,
    st.sampled_from(["plan", "grant", "subscription"]),
    st.lists(KEYS, min_size=1, max_size=2).map(tuple),
    st.none() | st.integers(1, 99),
)
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    TEXTS,
    ADDRESSES.map(Symbol),
    st.builds(Masked, st.builds(Source, st.sampled_from(["env", "file"]), TEXTS), TEXTS, TEXTS),
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3).map(tuple) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
FIELDS = st.dictionaries(NAMES, VALUES, max_size=3)
SOME_TEXTS = st.lists(TEXTS, max_size=2).map(tuple)
EXPECTATIONS = st.builds(
    Expectation, st.none() | FIELDS, SOME_TEXTS, SOME_TEXTS, marked=SOME_TEXTS, facts=FIELDS, partial=st.booleans()
)
STEPS = st.builds(
    Step,
    TEXTS,
    ADDRESSES,
    TEXTS,
    st.builds(Call, st.sampled_from(["POST", "PUT", "DELETE"]), TEXTS, VALUES),
    EXPECTATIONS,
    EXPECTATIONS,
    st.lists(TEXTS, max_size=2).map(tuple),
    st.booleans(),
)
PATHS = st.lists(TEXTS | st.integers(0, 9), max_size=3).map(tuple)
CHANGES = st.builds(
    Change,
    ADDRESSES,
    st.sampled_from(Action),
    TEXTS,
    st.sampled_from(Outcome),
    st.lists(st.builds(FieldChange, PATHS, VALUES, VALUES), max_size=2).map(tuple),
    TEXTS,
    TEXTS,
    TEXTS,
    st.lists(TEXTS, max_size=2).map(tuple),
    timing=TEXTS,
    effect=st.none() | st.sampled_from(Effect),
    staying=st.none() | st.integers(0, 9),
)
GUARDS = st.builds(Guard, TEXTS, TEXTS, TEXTS, st.lists(ADDRESSES, max_size=2).map(tuple))
READINGS = st.builds(Reading, ADDRESSES, EXPECTATIONS, SOME_TEXTS, st.none() | SOME_TEXTS)
COUNTS = st.dictionaries(TEXTS, st.integers(0, 9), max_size=2)
PLANS = st.builds(
    PlanFile,
    TEXTS,
    st.none() | TEXTS,
    TEXTS,
    st.lists(CHANGES, max_size=2).map(tuple),
    st.lists(STEPS, max_size=2).map(tuple),
    st.lists(GUARDS, max_size=1).map(tuple),
    TEXTS,
    TEXTS,
    dialect=TEXTS,
    allowed=SOME_TEXTS,
    selection=SOME_TEXTS,
    since=st.none() | st.builds(Since, TEXTS, TEXTS, TEXTS, COUNTS, COUNTS),
    policy=FIELDS,
    billsync=TEXTS,
    readings=st.lists(READINGS, max_size=1).map(tuple),
    secrets=st.dictionaries(TEXTS, TEXTS, max_size=1),
)
VALIDATOR = Draft202012Validator(plan_file_schema())
EMPTY = PlanFile("local:", "payments", "sync", (), ())


def with_body(body: object) -> PlanFile:
    step = Step("s", Address("meter", ("a",)), "creating", Call("POST", "/m", body), Expectation(None), Expectation({}))
    return PlanFile("local:", "payments", "sync", (), (step,))


@given(PLANS)
def test_any_plan_file_survives_json(plan: PlanFile) -> None:
    text = to_json(plan)

    again = from_json(text)

    assert again == plan
    assert to_json(again) == text


def test_a_guard_and_what_may_be_in_the_way_survive_json() -> None:
    obstacles = (
        Obstacle("credit", path="/customers/{customer/acme}/credits/balance"),
        Obstacle("ends", "subscription", known=2),
    )
    before = Expectation({"key": "acme"}, without=obstacles, marked=("addons/seats=payments",))
    acme = Address("customer", ("acme",))
    step = Step("s", acme, "deleting", Call("DELETE", "/customers/{customer/acme}"), before, Expectation(None))
    guard = Guard("customer-credit", "acme has 5 USD", "--allow-customer-credit", (acme,))
    plan = PlanFile("local:", "payments", "sync", (), (step,), (guard,))

    document = json.loads(to_json(plan))

    assert from_json(to_json(plan)) == plan
    assert document["guards"] == [
        {
            "code": "customer-credit",
            "reason": "acme has 5 USD",
            "flag": "--allow-customer-credit",
            "addresses": ["customer/acme"],
            "hint": "",
        }
    ]
    assert document["steps"][0]["before"]["without"][1] == {
        "rule": "ends",
        "kind": "subscription",
        "path": "",
        "known": 2,
    }


@given(PLANS)
def test_a_plan_file_without_at_least_expects_exact_members(plan: PlanFile) -> None:
    """A plan file without `at_least` expects exactly the members that it names."""
    document = json.loads(to_json(plan))
    for step in document["steps"]:
        for side in ("before", "after"):
            del step[side]["at_least"]

    read = from_json(json.dumps(sealed(document)))

    assert [side.at_least for step in read.steps for side in (step.before, step.after)] == [()] * 2 * len(plan.steps)


@pytest.mark.parametrize("number", ["0", "0.10", "500", "-3.0000", "12345678901234567890.123456789", "1E+3", "1E-9"])
def test_a_number_keeps_its_digits_and_is_no_text(number: str) -> None:
    plan = with_body({"exact": Decimal(number), "text": number})

    body = from_json(to_json(plan)).steps[0].call.body

    assert body == {"exact": Decimal(number), "text": number}
    assert (type(body["exact"]), type(body["text"])) == (Decimal, str)


def test_a_binary_float_never_gets_in() -> None:
    plan = with_body({"amount": 0.1})

    with pytest.raises(FloatFound):
        to_json(plan)


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "not json", '{"format_version": "1.0"}', "1"])
def test_what_is_no_plan_file_is_refused(text: str) -> None:
    with pytest.raises(UnknownFormat) as refused:
        from_json(text)

    assert not re.search(r"subscriptable|indices", str(refused.value))


def test_a_plan_file_of_another_version_is_refused_by_name() -> None:
    other = json.dumps(sealed({**json.loads(to_json(EMPTY)), "format_version": "9.0"}))

    with pytest.raises(OtherVersion) as caught:
        from_json(other)

    assert str(caught.value) == "plan file format '9.0'; this billsync knows '1.0'"


@pytest.mark.parametrize(
    "damage",
    [
        {"steps": [{}]},
        {"steps": None},
        {"changes": [{"address": "nothing"}]},
        {"guards": [1]},
        {"steps": "abc"},
        {"steps": [[]]},
        {"target": 1},
        {"a_later_condition": True},
    ],
)
def test_a_damaged_plan_file_is_refused(damage: dict[str, object]) -> None:
    damaged = json.dumps(sealed({**json.loads(to_json(EMPTY)), **damage}))

    with pytest.raises(UnknownFormat):
        from_json(damaged)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)


def places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Where each value stands in a document, the whole first."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for name, item in inner for place in places(item, (*path, name)))]


def replaced(value: object, path: tuple[str | int, ...], new: object) -> object:
    """The document with another value at a place."""
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)  # type: ignore[call-overload]
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@given(PLANS, JSON, st.data())
def test_a_plan_file_with_anything_anywhere_is_read_or_refused(
    plan: PlanFile, new: object, data: st.DataObject
) -> None:
    document = json.loads(to_json(plan))
    place = data.draw(st.sampled_from(places(document)))

    damaged = replaced(document, place, new)
    try:
        read = from_json(json.dumps(sealed(damaged) if isinstance(damaged, dict) else damaged))
    except UnknownFormat:
        read = None

    assert read is None or isinstance(read, PlanFile)


@given(PLANS, JSON, st.data())
def test_an_edited_plan_file_is_refused(plan: PlanFile, new: object, data: st.DataObject) -> None:
    document = json.loads(to_json(plan))
    place = data.draw(st.sampled_from(places(document)[1:]).filter(lambda place: place != ("format_version",)))
    edited = replaced(document, place, new)

    if json.dumps(edited, sort_keys=True) == json.dumps(document, sort_keys=True):
        assert from_json(json.dumps(edited)) == plan
    else:
        with pytest.raises(Edited):
            from_json(json.dumps(edited))


@given(PLANS)
def test_every_plan_file_is_as_its_schema_says(plan: PlanFile) -> None:
    assert [error.message for error in VALIDATOR.iter_errors(json.loads(to_json(plan)))] == []


def test_the_schema_describes_every_member() -> None:
    Draft202012Validator.check_schema(plan_file_schema())

    assert {one.name for one in fields(PlanFile)} <= plan_file_schema()["properties"].keys()


def test_a_plan_file_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(UnknownFormat):
        from_json("[" * 200_000)
