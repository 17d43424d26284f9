"""The law of comparisons since a commit: what has changed there, and all that it leads to, is as the whole says."""

from __future__ import annotations

import io
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billsync.cli.files.since import since_commit
from billsync.cli.terminal.surroundings import Run, Surroundings
from billsync.core.declared.selecting import selected
from billsync.core.declared.since import changed_besides, touched
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Outcome, PlanFile
from billsync.model.state import Desired
from tests.support.budgets import examples
from tests.support.clock import FakeClock
from tests.support.configurations import EVERY_FLAG, WORDS, Document, documents
from tests.support.repositories import SETTINGS, repository
from tests.support.stayers import no_fewer_stay, without_stayers
from tests.support.world import World, declared, declared_in

HELD = (Outcome.BLOCKED, Outcome.WAITING)
"""Outcomes of changes that may wait for one that isn't selected."""
COLLECTIONS = ("meters", "features", "tax_codes", "addons", "plans", "customers")
several = settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def since(folder: Path, ref: str) -> tuple[Desired, Desired]:
    """What a folder declares, and the same with the selection of what has changed since a commit."""
    desired = declared_in(folder)
    streams = [io.StringIO() for _ in range(3)]
    run = Run(Surroundings(*streams, SETTINGS, FakeClock(), is_terminal=False))
    chosen = since_commit(run, [str(folder)], ref, desired)
    return desired, selected(chosen, chosen.selection, KINDS)


Lines = dict[Address, list[Change]]


def lines(plan: PlanFile) -> Lines:
    """The changes that are made, refused or noted, by what they are about; who stays depends on what else is done."""
    found: Lines = defaultdict(list)
    for change in without_stayers(plan.changes):
        found[change.address].append(change)
    return found


@st.composite
def edits(draw: st.DrawFn, document: Document) -> Document:
    """A configuration in which an entity has another name, a customer is gone, or everything is another."""
    how = draw(st.sampled_from(["name", "name", "name", "gone", "other"]))
    if how == "other":
        return draw(documents())
    collection = "customers" if how == "gone" else draw(st.sampled_from([c for c in COLLECTIONS if document[c]]))
    rows = list(document[collection])
    if not rows:
        return document
    number = draw(st.integers(0, len(rows) - 1))
    rows[number : number + 1] = [{**rows[number], "name": draw(WORDS)}] if how == "name" else []
    return {**document, collection: rows}


@several
@given(documents(), documents(), st.booleans(), st.data())
def test_what_has_changed_is_as_the_whole_says(
    before: Document, other: Document, is_synced: bool, data: st.DataObject
) -> None:
    """Each line is one of the whole difference, and each of what is chosen is there. Where the server is as the
    commit says, that is everything that will be done."""
    committed = data.draw(edits(before))
    after = data.draw(edits(committed))
    world = World()
    world.sync(declared(yaml.safe_dump(before if is_synced else other)), allow=EVERY_FLAG)
    with TemporaryDirectory() as folder:
        repo = repository(Path(folder))
        repo.commit(shop=yaml.safe_dump(before))
        repo.git("checkout", "--quiet", "-b", "branch")
        repo.commit(shop=yaml.safe_dump(committed))
        repo.git("checkout", "--quiet", "main")
        repo.commit(shop=yaml.safe_dump(other))
        repo.git("checkout", "--quiet", "branch")
        repo.write("shop", yaml.safe_dump(after))
        desired, part = since(repo.folder, "main")

    some, whole = (world.plan(each, allow=EVERY_FLAG) for each in (part, desired))

    found, expected = lines(some), lines(whole)
    assert no_fewer_stay(some, whole)
    held = {address for address, them in found.items() if any(change.outcome in HELD for change in them)}
    assert {a: found[a] for a in found if a not in held} == {a: expected[a] for a in found if a not in held}
    chosen = {address for address in expected if part.selection.includes(address)}
    assert chosen <= found.keys()
    if is_synced:
        assert found == {address: expected[address] for address in found}
        pending = {address for address, them in expected.items() if any(change.is_pending for change in them)}
        assert pending <= found.keys()


SHOP = """\
_info: {{owner: payments, defaults: {{plan: {{currency: USD}}}}}}
meters: [{{key: calls, name: {meter}, event_type: call, aggregation: count}}]
features: [{{key: calls, name: Calls, meter: calls}}, {{key: other, name: {other}}}]
rate_cards:
  calls: {{feature: calls, billing_cadence: P1M, price: {{type: unit, amount: "{price}"}}}}
  free: {{key: none, name: None, price: {{type: free}}}}
plans:
  - {{key: pro, name: Pro, billing_cadence: P1M, phases: [{{key: p, name: P, rate_cards: [{{use: calls}}]}}]}}
  - {{key: free, name: Free, billing_cadence: P1M, phases: [{{key: p, name: P, rate_cards: [{{use: free}}]}}]}}
customers:
  - {{key: acme, name: Acme, subscription: {{plan: pro}}}}
  - {{key: zorg, name: Zorg, subscription: {{plan: free}}, usage_attribution: {{subject_keys: [{subject}]}}}}
"""
SAME = {"meter": "Calls", "other": "Other", "price": "1", "subject": "zorg"}


@pytest.mark.parametrize(
    ("change", "chosen"),
    [
        ({}, set()),
        ({"meter": "API"}, {"meter/calls", "feature/calls", "plan/pro", "subscription/acme/default"}),
        ({"other": "Another"}, {"feature/other"}),
        ({"price": "2"}, {"plan/pro", "subscription/acme/default"}),
        ({"subject": "zorg-prod"}, {"customer/zorg", "subscription/zorg/default"}),
    ],
)
def test_what_depends_on_a_change_is_chosen(change: dict[str, str], chosen: set[str]) -> None:
    before, after = (declared(SHOP.format(**values)) for values in (SAME, {**SAME, **change}))

    assert {address.text for address in touched(before, after, KINDS)} == chosen


def test_what_is_gone_is_chosen() -> None:
    before = declared(SHOP.format(**SAME))
    after = declared(SHOP.format(**SAME).rpartition("  - {key: zorg")[0])

    assert {address.text for address in touched(before, after, KINDS)} == {"customer/zorg", "subscription/zorg/default"}


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        ("defaults: {plan: {currency: USD}}", "defaults: {plan: {currency: EUR}}", ()),
        ("owner: payments", "owner: finance", ("_info",)),
        ("meters:", "external: {features: [seats]}\nmeters:", ("external",)),
        ("meters:", "moved: [{kind: customer, from: initech, to: acme}]\nmeters:", ("moved",)),
    ],
)
def test_what_is_about_more_than_entities_is_noticed(old: str, new: str, changed: tuple[str, ...]) -> None:
    shop = SHOP.format(**SAME)

    assert changed_besides(declared(shop), declared(shop.replace(old, new))) == changed
