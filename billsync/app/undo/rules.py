"""The rules that an undo keeps: those of the files of its run, which the journal has, and of files that are named."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO

from billsync.app.ending import error
from billsync.config import load
from billsync.config.text.files import STDIN
from billsync.core.guards.policies import both_of, policy_in
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.taking_back.journal import Journaled
from billsync.core.taking_back.undo import Undone
from billsync.kinds.registry import KINDS
from billsync.model.diagnostic import Position, Severity
from billsync.model.frozen import replace
from billsync.model.policy import MAX_SHARE, Policy
from billsync.model.state import Desired, IntendedTarget
from billsync.model.value import Fields
from billsync.render.formats.yaml_text import to_yaml

HEADER, POLICY, PRICES = "_info", "policy", "prices"
REQUIRES_OWNER = "require_owner"
"""The rule that is about files alone."""
MORE_SHARES = "more_shares"
"""The name under which a journal has further limits on shares, of which a file has but one."""
APART = (REQUIRES_OWNER, MORE_SHARES)
NO_ENTITIES = "no-entities"


def rules_in_journal(run: Journaled, journal: str) -> Desired:
    """The rules that stood in the files of a run, placed in its journal. Raises Ended where they aren't known here."""
    if not run.policy:
        return Desired()
    more = run.policy.get(MORE_SHARES)
    shares = tuple(one for one in more if isinstance(one, Mapping)) if isinstance(more, tuple | list) else ()
    found = _rules({name: rule for name, rule in run.policy.items() if name not in APART}, journal)
    for share in shares:
        found = rules_of_both(found, _rules({MAX_SHARE: share}, journal))
    return found


def _rules(policy: Fields, journal: str) -> Desired:
    desired, findings = load([STDIN], registry=KINDS, stdin=StringIO(to_yaml({HEADER: {POLICY: policy}})))
    if mistakes := [one for one in findings if one.severity is Severity.ERROR and one.code != NO_ENTITIES]:
        hint = "Use the version of billsync that carried out that run."
        raise error("bad-journal", f"{journal}: its policy can't be read: {mistakes[0].detail}", hint)
    place = Position(journal, 1, 1)
    places = dict.fromkeys(desired.policy.places, place)
    prices = tuple(replace(one, position=place) for one in desired.prices)
    return replace(desired, policy=replace(desired.policy, places=places), prices=prices)


def rules_of_both(files: Desired, run: Desired) -> Desired:
    """The rules that allow no more than those of files, nor than those of a run."""
    policy = both_of(files.policy, run.policy)
    raw = (policy_in(files.besides), policy_in(run.besides))
    prices = tuple(rule for each in raw for rule in each.get(PRICES, ()))
    written = {**_written(policy), **({PRICES: prices} if prices else {})}
    besides = {HEADER: {POLICY: written}}
    return replace(files, policy=policy, prices=(*files.prices, *run.prices), besides=besides)


def _written(policy: Policy) -> Fields:
    """The rules for deletes and flags as files write them, and further limits on shares."""
    shares: tuple[Fields, ...] = tuple({"percent": one.percent, "from": one.count} for one in policy.shares)
    protected = {KINDS[name].collection: keys for name, keys in policy.protected.by_kind.items()}
    rules = {
        "max_deletes": policy.max_deletes,
        MAX_SHARE: shares[0] if shares else None,
        MORE_SHARES: shares[1:] or None,
        "protected": protected or None,
        "forbid": tuple(sorted(policy.forbid)) or None,
    }
    return {name: rule for name, rule in rules.items() if rule is not None}


def with_rules(found: Undone, rules: Desired, target: IntendedTarget) -> Undone:
    """The undo with these rules, for this server; its own journal has both again."""
    policy = policy_in(rules.besides)
    besides = {HEADER: {POLICY: policy}} if policy else {}
    kept = replace(rules.policy, forbid=rules.policy.forbid - {REVERT})  # it reverts nothing but what its run did
    desired = replace(found.desired, policy=kept, prices=rules.prices, besides=besides, target=target)
    return replace(found, desired=desired)


def intended_by(facts: Mapping[str, str]) -> IntendedTarget:
    """The server that the files of a run were for."""
    return IntendedTarget(facts.get("dialect"), facts.get("region"), facts.get("org"))
