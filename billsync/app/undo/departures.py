"""Departures of what is live from what a run left: nobody's later change is undone. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import timedelta
from typing import Any

from billsync.app.server.connection import Connection
from billsync.app.undo.attached import come_about
from billsync.apply.bindings import Bindings, Observed, Unbound
from billsync.core.changes.versions import offered
from billsync.core.lifecycle.chain_end import ENDS, declared_end
from billsync.core.lifecycle.chain_steps import TO
from billsync.core.observed.attached import decoded, member_in
from billsync.core.observed.expectation import differences_after, facts_apart, holds_after
from billsync.core.observed.index import Index, state_of, version_of
from billsync.core.observed.ownership import KEY, is_begun_to_end, is_untouched, labels_of
from billsync.core.taking_back.journal import Journaled, Made
from billsync.core.taking_back.undo import end_before, is_withheld
from billsync.core.views.compare import said
from billsync.core.views.view import UNKNOWN, view
from billsync.kinds.registry import KINDS
from billsync.live.snapshot import PARENT
from billsync.model.address import Address, Symbol, symbols_in
from billsync.model.change import Expectation
from billsync.model.frozen import replace
from billsync.model.kind import Archetype, State
from billsync.model.malformed import Malformed
from billsync.model.moment import parse_moment
from billsync.model.state import Row
from billsync.model.value import Plain

CLOCKS = timedelta(minutes=1)
"""The largest difference of two clocks, the server's and that of a run."""


def departed(connection: Connection, bindings: Bindings, made: Made, run: Journaled, rows: Index) -> str:
    """The reason why an entity isn't as a run left it; empty where it is. Raises RemoteError."""
    if awaits_its_end(made, rows):
        return ""
    removed = frozenset(one.address for one in run.made if one.last is None)
    return (
        _another(made, rows.records, run.ended)
        or _departure(bindings, _of_active(made, rows.versions), removed)
        or _moved_on(made, rows.records)
        or _continued(bindings, made)
        or _attached_since(connection, bindings, made)
    )


def awaits_its_end(made: Made, rows: Index) -> bool:
    """Whether an undo of the run broke off between its two calls on a chain: what runs is what ran before, it was begun
    to end as that did, and nothing was done to it since."""
    kind = KINDS[made.address.kind]
    ends, first = end_before(made, kind), made.first
    if ends is None or first is None or kind.parent is None:
        return False
    for row in rows.chains.get(Address(kind.parent.kind, made.address.parents), ()):
        if labels_of(row.fields).get(KEY) == made.address.key and state_of(kind, row.fields) is State.CURRENT:
            pinned, was = view(kind, row.fields, rows.names).get(kind.pins or ""), first.get(kind.pins or "")
            if not isinstance(pinned, Symbol) or not isinstance(was, Symbol):
                return False
            is_back = pinned.address.unversioned() == was.address.unversioned()
            return is_back and is_begun_to_end(row.fields, declared_end(ends)) and is_untouched(row.fields)
    return False


def _of_active(made: Made, versions: Mapping[Address, tuple[Row, ...]]) -> Made:
    """The steps on an entity with versions, as if on its active version now: a later one of the same content is as the
    run left it."""
    kind, last = KINDS[made.address.kind], made.steps[-1]
    rows = versions.get(made.address, ()) if kind.archetype is Archetype.VERSIONED else ()
    active = offered(kind, rows) if rows else None
    return replace(made, steps=(replace(last, address=made.address.at(version_of(active))),)) if active else made


def _another(made: Made, records: Mapping[Address, Row], ended: str) -> str:
    """The reason why what is live under a key isn't what the run created; empty where it is, or where nothing is.

    By its id, and where a run broke off before the answer to its create, by the time at which it was created. What the
    journal withholds can't be compared: by the time of the last update.
    """
    row = records.get(made.address)
    if row is None or made.first is not None:
        return ""
    if made.id and row.id != made.id:
        return "it was deleted, and another one was made under its key"
    if not made.id and _is_after(row, "created_at", ended):
        return f"it was created at {row.fields['created_at']}, after the run had ended at {ended}"
    if is_withheld(made.last) and _is_after(row, "updated_at", ended):
        return f"it was updated at {row.fields['updated_at']}, and the journal withholds what it was before"
    return ""


def _is_after(row: Row, name: str, ended: str) -> bool:
    moment, last = parse_moment(str(row.fields.get(name) or "")), parse_moment(ended)
    return moment is not None and last is not None and moment > last + CLOCKS


def _attached_since(connection: Connection, bindings: Bindings, made: Made) -> str:
    """The attachments of a chain that the run began and didn't make itself: they would end with it. Raises
    RemoteError."""
    attachments = connection.routes[made.address.kind].attachments
    link = bindings.id_of(made.steps[-1].address) if attachments and made.first is None else None
    if attachments is None or link is None:
        return ""
    path = attachments.part.collection.replace(PARENT, link)
    found = decoded(connection.listed(path, listing=attachments.part.listing), attachments)
    if isinstance(found, Malformed):
        return f"what is attached to it can't be read: {found.text}"
    facts = {name for step in made.steps for name in step.after.facts}
    own = {bindings.id_of(member) for name in facts if (member := member_in(attachments, name))}
    others = sum(one.quantities.has_some and one.of not in own for one in found)
    return f"{others} of its {attachments.part.field} were attached since, and would end with it" if others else ""


def _continued(bindings: Bindings, made: Made) -> str:
    """The change of a chain that somebody ended since, or began again where the run began it; empty where there is
    none."""
    kind = KINDS[made.address.kind]
    if kind.archetype is not Archetype.CHAINED:
        return ""
    last = made.steps[-1]
    observed = bindings.observe(last.address, last.after.view)
    is_as_begun = all(step.before.view is None or step.before.view == step.after.view for step in made.steps)
    if made.first is None and made.id and is_as_begun and observed.id not in ("", made.id):
        return "it has ended, or was changed, and another one has begun under its key"
    end, has_ended_it = observed.facts.get(TO), not set(last.after.statuses).isdisjoint(kind.words(State.ENDING))
    if end in (None, last.after.facts.get(TO)) or has_ended_it or ENDS in (made.last or {}):
        return ""
    return f"it ends at {end}, the run left it without an end"


def _moved_on(made: Made, records: Mapping[Address, Row]) -> str:
    """The state to which what a run created has moved on since, such as a payment; empty where it hasn't."""
    kind, row = KINDS[made.address.kind], records.get(made.address)
    if kind.progress is None or kind.facts is None or made.first is not None or row is None:
        return ""
    name, states = kind.progress.field, kind.progress.states
    seen, left = kind.facts(row.fields).get(name), (made.last or {}).get(name) or states[0]
    if seen not in states or states.index(str(seen)) <= states.index(left):
        return ""
    return f"its {name} is {seen}, the run left {left}"


def _departure(bindings: Bindings, made: Made, removed: Set[Address]) -> str:
    """The difference of an entity from what the run left, in which what the run removed may be missing; empty where
    there is none."""
    step = made.steps[-1]
    try:
        for address in symbols_in((step.before.view, step.after.view)):
            bindings.id_of(address)
        names = step.before.facts.keys() | step.after.facts.keys()
        observed = bindings.observe(step.address, step.after.view, names)
    except Unbound as error:
        return str(error)
    kind = bindings.registry[step.address.kind]
    after = _as_by_now(_filled(step.after, observed), observed)
    if observed.view is not None and after.view is not None:
        observed = replace(observed, view=_named_again(observed.view, after.view, removed))
    if holds_after(
        kind, after, view=observed.view, status=observed.status, marked=observed.marked, facts=observed.facts
    ):
        return ""
    if observed.view is None or after.view is None:
        return "it is gone" if observed.view is None else "it is there again"
    changes = (*differences_after(kind, after, observed.view), *facts_apart(after, observed.facts))
    fields = "; ".join(f"{change.name} is {said(change.old)}, the run left {said(change.new)}" for change in changes)
    return fields or f"its status is {observed.status!r}"


def _named_again(seen: Plain, left: Plain, removed: Set[Address]) -> Any:
    """An observed value with the names of what the run removed, which the server shows by ids that lead nowhere."""
    if isinstance(left, Symbol):
        is_unknown = isinstance(seen, Symbol) and seen.address.key.startswith(UNKNOWN)
        is_removed = is_unknown and left.address.unversioned() in removed
        return left if is_removed else seen
    if isinstance(seen, Mapping) and isinstance(left, Mapping):
        return {name: _named_again(value, left.get(name), removed) for name, value in seen.items()}
    if isinstance(seen, tuple | list) and isinstance(left, tuple | list) and len(seen) == len(left):
        return tuple(_named_again(*pair, removed) for pair in zip(seen, left, strict=True))
    return seen


def _as_by_now(end: Expectation, observed: Observed) -> Expectation:
    """The expectation with quantities that were scheduled and have taken effect since."""
    facts = {name: come_about(text) for name, text in end.facts.items() if isinstance(text, str)}
    come = {name: text for name, text in facts.items() if observed.facts.get(name) == text}
    return replace(end, facts={**end.facts, **come})


def _filled(end: Expectation, observed: Observed) -> Expectation:
    """The expectation with the live values of fields that the journal withholds."""
    if end.view is None or observed.view is None:
        return end
    live = {name: observed.view.get(name) for name, value in end.view.items() if is_withheld(value)}
    return replace(end, view={**end.view, **live})
