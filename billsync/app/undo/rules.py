"""The rules that an undo keeps: those of the files of its run, which the journal has, or of files that are named."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO

from billsync.app.ending import error
from billsync.config import load
from billsync.config.files import STDIN
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.taking_back.undo import Journaled, Undone
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Position, Severity
from billsync.model.frozen import replace
from billsync.model.state import Desired, IntendedTarget
from billsync.model.value import Fields
from billsync.render.formats.yaml_text import to_yaml

HEADER, POLICY = "_info", "policy"
REQUIRES_OWNER = "require_owner"
"""The rule that is about files alone."""
NO_ENTITIES = "no-entities"


def rules_in_journal(run: Journaled, journal: str) -> Desired:
    """The rules that stood in the files of a run, placed in its journal. Raises Ended where they aren't known here."""
    if not run.policy:
        return Desired()
    policy = {name: rule for name, rule in run.policy.items() if name != REQUIRES_OWNER}
    desired, findings = load([STDIN], registry=KINDS, stdin=StringIO(to_yaml({HEADER: {POLICY: policy}})))
    if mistakes := [one for one in findings if one.severity is Severity.ERROR and one.code != NO_ENTITIES]:
        hint = "Name the files whose policy is to hold: billsync undo JOURNAL PATH…"
        raise error("bad-journal", f"{journal}: its policy can't be read: {mistakes[0].detail}", hint)
    place = Position(journal, 1, 1)
    places = dict.fromkeys(desired.policy.places, place)
    prices = tuple(replace(one, position=place) for one in desired.prices)
    return replace(desired, policy=replace(desired.policy, places=places), prices=prices)


def with_rules(found: Undone, rules: Desired, target: IntendedTarget) -> Undone:
    """The undo with these rules, for this server; its own journal has both again."""
    policy: Fields = rules.besides.get(HEADER, {}).get(POLICY, {})
    besides = {HEADER: {POLICY: policy}} if policy else {}
    kept = replace(rules.policy, forbid=rules.policy.forbid - {REVERT})  # it reverts nothing but what its run did
    desired = replace(found.desired, policy=kept, prices=rules.prices, besides=besides, target=target)
    return replace(found, desired=desired)


def intended_by(facts: Mapping[str, str]) -> IntendedTarget:
    """The server that the files of a run were for."""
    return IntendedTarget(facts.get("dialect"), facts.get("region"), facts.get("org"))
