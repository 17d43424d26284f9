"""A rendered file declares what the files declare that it was made from; secrets stand in it as their sources."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from billsync.config import load
from billsync.core.declared.desired_document import desired_document
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Severity
from billsync.model.state import Desired
from billsync.render.formats.json_text import json_text
from billsync.render.formats.yaml_text import to_yaml
from tests.support.budgets import examples
from tests.support.configurations import states
from tests.support.world import examples as folders

EXAMPLES = folders()
SECRETS = """\
_info: {owner: me, defaults: {customer: {currency: USD}}}
meters: []
external: {plans: [pro], customers: [other]}
forget: [{kind: plan, key: old}]
customers:
- key: acme
  name: !env {name: NAME}
  labels: {a: !env TIER}
  usage_attribution: {subject_keys: []}
- {key: zorg, name: Zorg, subscription: {plan: pro}}
grants:
- {customer: acme, key: w, name: W, amount: !env AMOUNT, currency: USD, funding_method: none}
- {customer: other, key: w, name: W, amount: 7.50, currency: USD, funding_method: none}
"""
ENVIRONMENT = {"NAME": "A", "TIER": "b", "AMOUNT": "5.00"}


def loaded(text: str) -> Desired:
    desired, found = load(["-"], registry=KINDS, stdin=io.StringIO(text), environment=ENVIRONMENT)
    assert [problem for problem in found if problem.severity is Severity.ERROR] == []
    return desired


def essence(desired: Desired) -> tuple[object, ...]:
    """What a diff depends on, without places."""
    entities = [(e.address, normalize(KINDS[e.address.kind], e.fields)) for e in desired.entities]
    prices = [replace(price, position=None) for price in desired.prices]
    rules = [replace(rule, position=None) for rule in desired.transitions]
    rest = (desired.owner, desired.external, desired.adopted, desired.named, desired.moved, desired.forgotten)
    target = replace(desired.target, position=None)
    return entities, prices, rules, rest, target, replace(desired.policy, places={}), desired.selection, desired.notice


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda path: path.name)
def test_a_rendered_example_declares_the_same(folder: Path) -> None:
    desired, _ = load([str(folder)], registry=KINDS)

    document = desired_document(desired, KINDS)
    again = loaded(to_yaml(document))

    assert essence(again) == essence(desired)
    assert essence(loaded(json_text(document))) == essence(desired)
    assert desired_document(again, KINDS) == document


@given(states())
@settings(max_examples=examples(20))
def test_any_state_is_declared_by_its_rendered_file(desired: Desired) -> None:
    assert essence(loaded(to_yaml(desired_document(desired, KINDS)))) == essence(desired)


def test_a_source_stands_in_the_place_of_its_value() -> None:
    desired = loaded(SECRETS)

    text = to_yaml(desired_document(desired, KINDS))

    assert essence(loaded(text)) == essence(desired)
    assert [line.strip() for line in text.splitlines() if "!env" in line] == [
        "name: !env NAME",
        "a: !env TIER",
        "amount: !env AMOUNT",
    ]
    assert loaded(text).sourced == desired.sourced
