"""A subscription's life under random hands: no run undoes what others did, and nothing is billed or granted twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from billsync.core.lifecycle import chained
from billsync.local.server.editions import AUGUST, EDITIONS, Edition
from tests.support.budgets import examples
from tests.support.step_counts import STEPS
from tests.support.subscription_files import Files
from tests.support.subscription_life import SubscriptionLife
from tests.support.subscription_verdicts import Begun

pytestmark = pytest.mark.thorough


def settings_of(lives: int, steps: int, **more: Any) -> settings:
    return settings(
        max_examples=lives,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        **more,
    )


def on(edition: Edition) -> type[SubscriptionLife]:
    """The machine over a server of an edition."""
    return type("SubscriptionLife", (SubscriptionLife,), {"edition": edition})


def case(edition: Edition) -> object:
    """An edition, whose traffic is checked against the document of its generation."""
    name = f"{edition.dialect}@{edition.generation}"
    return pytest.param(edition, id=name, marks=() if edition is AUGUST else pytest.mark.generation(name))


EVERY_EDITION = pytest.mark.parametrize("edition", [case(edition) for edition in EDITIONS])


@EVERY_EDITION
def test_no_run_undoes_what_others_did_or_bills_twice(edition: Edition) -> None:
    run_state_machine_as_test(on(edition), settings=settings_of(examples(5), 20))


@pytest.mark.exhaustive
@EVERY_EDITION
def test_no_run_undoes_what_others_did_or_bills_twice_in_long_lives(
    edition: Edition, record_property: Callable[[str, object], None]
) -> None:
    """Forty lives of up to 50 steps each: some 1,800 steps on each edition, in about a minute of the processor."""
    before = SubscriptionLife.steps

    run_state_machine_as_test(on(edition), settings=settings_of(examples(4), 50))

    record_property(STEPS, SubscriptionLife.steps - before)


def test_the_machine_finds_a_change_of_others_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: billsync takes what others changed for its own."""
    monkeypatch.setattr(chained, "_was_changed", lambda context, head, entity: False)
    life = SubscriptionLife()
    life.first_run()
    life.somebody_changes(plan="large", timing="immediate")

    with pytest.raises(AssertionError, match="was undone"):
        life.run(mode="sync", allow=frozenset())
    life.teardown()


@pytest.mark.parametrize(
    ("runs", "number"),
    [
        ([("present", 1, True), ("present", 1, True)], 2),
        ([("present", 1, True), ("older", 1, True), ("present", 1, True)], 1),
        ([("present", 1, True), ("older", 0, True), ("present", 1, True)], 1),
        ([("present", 1, True), ("older", 0, False), ("present", 1, True)], 2),
        ([("older", 1, True), ("older", 1, True)], 2),
    ],
)
def test_the_machine_counts_what_was_begun_for_one_state_of_the_files(
    runs: list[tuple[str, int, bool]], number: int
) -> None:
    files = {"present": Files({"plan": "small"}), "older": Files({"plan": "large"})}
    counted = Begun(files["present"])

    for name, begun, has_changed in runs:
        counted = counted.after(files[name], begun, has_changed=has_changed)

    assert counted.number == number
