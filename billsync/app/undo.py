"""`undo`: the desired state that takes a run back, without what somebody changed since. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal

from billsync.api.documents import BALANCE
from billsync.app.carrying_out import bindings_of
from billsync.app.connection import Connection
from billsync.app.pipeline import compared, read_live
from billsync.app.plan_files import place_of
from billsync.app.undo_rules import intended_by, with_rules
from billsync.apply.bindings import Bindings, Observed, Unbound
from billsync.core.compare import said
from billsync.core.diff import Mode
from billsync.core.expectation import differences_after, facts_apart, holds_after
from billsync.core.index import index, version_of
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.undo import Journaled, Lasting, Made, Undone, is_withheld, only_gone, undone, without
from billsync.core.versions import offered
from billsync.kinds.registry import KINDS
from billsync.live.snapshot import PARENT
from billsync.model.address import Address, symbols_in
from billsync.model.change import Expectation
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype, State
from billsync.model.moment import parse_moment
from billsync.model.state import Desired, Row
from billsync.render.formats.words import title_of
from billsync.report.credits.undone import used_since
from billsync.schema.codes import diagnostic

AGAIN = "it goes when what belongs to it has ended: run the undo again then"
HINT = "Change it in the files instead."
NO_RULES = Desired()
CLOCKS = timedelta(minutes=1)
"""The largest difference of two clocks, the server's and that of a run."""


@dataclass(frozen=True, slots=True)
class Undoing:
    """The desired state that takes a run back, and what isn't taken back; `has_refused`: as somebody changed it."""

    desired: Desired
    findings: tuple[Diagnostic, ...]
    has_refused: bool


def mode_of(allow: Mapping[str, str]) -> Mode:
    """The mode of an undo. It may revert, as it does so only where the run itself made the last change."""
    return Mode("sync", deletes=True, allow={REVERT: "", **allow})


def is_of_another_server(run: Journaled, connection: Connection) -> bool:
    """Whether a journal is of another server than the one that is connected."""
    return place_of(run.target) != place_of(connection.target)


def find_undo(connection: Connection, run: Journaled, allow: Mapping[str, str], rules: Desired = NO_RULES) -> Undoing:
    """Compare what a run left with what is live, and return what takes it back, under the rules of these files.

    Raises RemoteError, RatingError.
    """
    target = intended_by(run.intended)
    whole = with_rules(undone(run, KINDS), rules, target)
    found = read_live(connection, whole.desired, deletes=True)
    rows = index(found, KINDS, connection.routes)
    live = (*rows.records, *rows.versions)
    plan = compared(connection, only_gone(whole, live), found, mode_of(allow)).plan
    bindings = bindings_of(connection, found, {})
    touched = {change.address.unversioned() for change in plan.changes}
    ended = dict(_ended(bindings, [made for made in run.made if made.address in touched]))
    pending = {c.address.unversioned() for c in plan.changes if c.is_pending or c.fields}
    changing = [made for made in run.made if made.address in pending and made.address not in ended]
    changed = {
        made.address: why
        for made in changing
        if (why := _another(made, rows.records, run.ended) or _departure(bindings, _of_active(made, rows.versions)))
    }
    changed |= dict(_used_by_others(whole, run, touched))
    used = dict(_used(connection, bindings, changing, changed))
    held = {parent: AGAIN for made in changing if (parent := _parent(made.address)) in whole.gone}
    left = with_rules(undone(without(run, {**ended, **changed, **used, **held}), KINDS), rules, target)
    lasting = (*whole.lasting, *(Lasting(address, why) for address, why in {**ended, **used, **held}.items() if why))
    refused = (_refused(address, why) for address, why in changed.items())
    findings = (*_cut_off(run), *(_lasts(one) for one in lasting), *refused)
    return Undoing(_ownable(left, live), tuple(findings), bool(changed))


def _ownable(found: Undone, live: Iterable[Address]) -> Desired:
    """The desired state, in which what is to go counts as ours, too, if its labels can't be read."""
    from billsync.core.adoption import adopting

    return adopting(only_gone(found, live), (a for a in found.gone if KINDS[a.kind].archetype is Archetype.VERSIONED))


def _ended(bindings: Bindings, made: Iterable[Made]) -> Iterator[tuple[Address, str]]:
    """The chains and grants that are over, with what lasts of it: an undo never begins one, nor grants one again.

    Raises RemoteError.
    """
    for one in made:
        kind = KINDS[one.address.kind]
        if kind.archetype not in (Archetype.CHAINED, Archetype.APPEND_ONLY):
            continue
        observed = bindings.observe(one.address, None)
        is_over = observed.view is None or observed.status in kind.words(State.OVER, State.TAKEN_BACK)
        if is_over:
            yield one.address, f"it has ended, and an ended {kind.title} doesn't go on" if one.first is not None else ""


def _parent(address: Address) -> Address | None:
    """The entity that a chain belongs to: it can't go before the chain has ended."""
    kind = KINDS[address.kind]
    is_chain = kind.archetype is Archetype.CHAINED and kind.parent is not None
    return Address(kind.parent.kind, address.parents) if is_chain and kind.parent else None


def _used_by_others(found: Undone, run: Journaled, touched: Iterable[Address]) -> Iterator[tuple[Address, str]]:
    """The entities to go of which something runs that this run didn't begin: with them, it would end."""
    begun = {made.address for made in run.made}
    for address in touched:
        if address not in begun and (parent := _parent(address)) in found.gone and parent is not None:
            yield parent, f"{address.text} belongs to it, which this run didn't begin"


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


def _departure(bindings: Bindings, made: Made) -> str:
    """The difference of an entity from what the run left; empty where there is none."""
    step = made.steps[-1]
    try:
        for address in symbols_in((step.before.view, step.after.view)):
            bindings.id_of(address)
        names = step.before.facts.keys() | step.after.facts.keys()
        observed = bindings.observe(step.address, step.after.view, names)
    except Unbound as error:
        return str(error)
    kind = bindings.registry[step.address.kind]
    after = _filled(step.after, observed)
    if holds_after(
        kind, after, view=observed.view, status=observed.status, marked=observed.marked, facts=observed.facts
    ):
        return ""
    if observed.view is None or after.view is None:
        return "it is gone" if observed.view is None else "it is there again"
    changes = (*differences_after(kind, after, observed.view), *facts_apart(after, observed.facts))
    fields = "; ".join(f"{change.name} is {said(change.old)}, the run left {said(change.new)}" for change in changes)
    return fields or f"its status is {observed.status!r}"


def _filled(end: Expectation, observed: Observed) -> Expectation:
    """The expectation with the live values of fields that the journal withholds."""
    if end.view is None or observed.view is None:
        return end
    live = {name: observed.view.get(name) for name, value in end.view.items() if is_withheld(value)}
    return replace(end, view={**end.view, **live})


def _used(
    connection: Connection, bindings: Bindings, made: list[Made], changed: Mapping[Address, str]
) -> Iterator[tuple[Address, str]]:
    """The created credits that may have been used since: what remains of each isn't shown, so the whole balance counts.
    Raises RemoteError."""
    for one in made:
        kind = KINDS[one.address.kind]
        if kind.archetype is not Archetype.APPEND_ONLY or kind.parent is None or one.address in changed:
            continue
        parent = bindings.id_of(Address(kind.parent.kind, one.address.parents))
        if parent is None:
            continue
        where = connection.routes[kind.name]
        rows = connection.listed(where.collection.replace(PARENT, parent), listing=where.listing)
        balance = connection.document(BALANCE.replace(PARENT, parent))
        used = used_since(rows, balance.get("balances") or (), str((one.last or {}).get("currency")))
        if used is None or used > 0:
            yield one.address, _of_used(used)


def _of_used(used: Decimal | None) -> str:
    if used is None:
        return "whether its credit was used can't be read: left as it is"
    return f"credit of its customer was used since ({used}), and usage is never unbilled: left as it is"


def _cut_off(run: Journaled) -> Iterator[Diagnostic]:
    """The warning about a journal that ends within a line: the run was killed, or the file isn't whole."""
    if run.is_cut:
        detail = "the journal ends within a line: what the run did after that, if anything, isn't taken back"
        yield diagnostic("not-undone", detail, severity=Severity.WARNING)


def _lasts(one: Lasting) -> Diagnostic:
    return diagnostic("not-undone", f"{title_of(one.address)}: {one.reason}", severity=Severity.WARNING)


def _refused(address: Address, why: str) -> Diagnostic:
    return diagnostic("changed-since", f"{title_of(address)}: {why}", HINT)
