"""`undo`: the desired state that takes a run back, without what somebody changed since. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

from billsync.api.documents import BALANCE
from billsync.app.planning.carrying_out import bindings_of
from billsync.app.planning.pipeline import compared, read_live
from billsync.app.planning.plan_files import place_of
from billsync.app.server.connection import Connection
from billsync.app.undo.departures import departed
from billsync.app.undo.older_versions import versions_again
from billsync.app.undo.rules import intended_by, with_rules
from billsync.apply.bindings import Bindings
from billsync.core.diffing.diff import Mode
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.observed.index import index
from billsync.core.taking_back.undo import Journaled, Lasting, Made, Undone, only_gone, undone, without
from billsync.kinds.registry import KINDS
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.frozen import dataclass
from billsync.model.kind import Archetype, State
from billsync.model.state import Desired, Row
from billsync.render.formats.words import title_of
from billsync.report.credits.undone import used_since
from billsync.schema.codes import diagnostic

AGAIN = "it goes when what belongs to it has ended: run the undo again then"
HINT = "Change it in the files instead."
NO_RULES = Desired()


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
    return (run.place or place_of(run.target)) != place_of(connection.target)


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
    again = dict(versions_again(bindings, run.made, plan, rows))
    instead = {address: number for address, number in again.items() if isinstance(number, int)}
    ended |= {address: why for address, why in again.items() if isinstance(why, str)}
    pending = {c.address.unversioned() for c in plan.changes if c.is_pending or c.fields}
    changing = [made for made in run.made if made.address in pending and made.address not in ended]
    changed = {made.address: why for made in changing if (why := departed(connection, bindings, made, run, rows))}
    changed |= dict(_renamed(run, rows.records))
    changed |= dict(_used_by_others(whole, run, touched))
    used = dict(_used(connection, bindings, changing, changed))
    held = {parent: AGAIN for made in changing if (parent := _parent(made.address)) in whole.gone}
    left = with_rules(undone(without(run, {**ended, **changed, **used, **held}), KINDS, instead), rules, target)
    lasting = (*whole.lasting, *(Lasting(address, why) for address, why in {**ended, **used, **held}.items() if why))
    refused = (_refused(address, why) for address, why in changed.items())
    findings = (*_cut_off(run), *(_lasts(one) for one in lasting), *refused)
    return Undoing(_ownable(left, live), tuple(findings), bool(changed))


def _ownable(found: Undone, live: Iterable[Address]) -> Desired:
    """The desired state, in which what is to go counts as ours, too, if its labels can't be read."""
    from billsync.core.taking_back.adoption import adopting

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


def _renamed(run: Journaled, records: Mapping[Address, Row]) -> Iterator[tuple[Address, str]]:
    """The entities that the run created and that are live under another key now."""
    ids = {made.id: made.address for made in run.made if made.id and made.address not in records}
    for address, row in records.items():
        if row.id in ids:
            yield ids[row.id], f"it is {address.text} now"


def _used_by_others(found: Undone, run: Journaled, touched: Iterable[Address]) -> Iterator[tuple[Address, str]]:
    """The entities to go of which something runs that this run didn't begin: with them, it would end."""
    begun = {made.address for made in run.made}
    for address in touched:
        if address not in begun and (parent := _parent(address)) in found.gone and parent is not None:
            yield parent, f"{address.text} belongs to it, which this run didn't begin"


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
