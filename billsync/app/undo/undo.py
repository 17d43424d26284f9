"""`undo`: the desired state that takes a run back, without what somebody changed since. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from billsync.app.planning.carrying_out import bindings_of
from billsync.app.planning.pipeline import compared, read_live
from billsync.app.planning.plan_files import place_of
from billsync.app.server.connection import Connection
from billsync.app.undo.attached import attached_before, attached_by_journal
from billsync.app.undo.besides import lasting_besides, nobodys_credits
from billsync.app.undo.departures import awaits_its_end
from billsync.app.undo.left_alone import LeftAlone, Seen, left_alone
from billsync.app.undo.rules import intended_by, with_rules
from billsync.apply.bindings import Bindings
from billsync.core.diffing.diff import Mode
from billsync.core.lifecycle.chain_end import REVERT
from billsync.core.observed.index import Index, index
from billsync.core.observed.without_files import UNDO
from billsync.core.taking_back.journal import Journaled
from billsync.core.taking_back.undo import Known, Lasting, Undone, end_before, only_gone, undone, without
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Outcome, PlanFile
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Archetype
from billsync.model.state import Desired, Snapshot
from billsync.model.value import Fields
from billsync.render.formats.words import name_of, title_of
from billsync.render.plan.nouns import noun
from billsync.render.plan.text import NAMED
from billsync.schema.codes import diagnostic

HINT = "Change it in the files instead."
NO_RULES = Desired()
NOT_MADE = (Outcome.REFUSED, Outcome.UNMANAGEABLE)


@dataclass(frozen=True, slots=True)
class Undoing:
    """The desired state that takes a run back, and what isn't taken back; `has_refused`: as somebody changed it."""

    desired: Desired
    findings: tuple[Diagnostic, ...]
    has_refused: bool


def mode_of(allow: Mapping[str, str]) -> Mode:
    """The mode of an undo. It may revert, as it does so only where the run itself made the last change."""
    return Mode("sync", deletes=True, allow={REVERT: "", **allow}, command=UNDO)


def is_of_another_server(run: Journaled, connection: Connection) -> bool:
    """Whether a journal is of another server than the one that is connected."""
    return (run.place or place_of(run.target)) != place_of(connection.target)


def find_undo(connection: Connection, run: Journaled, allow: Mapping[str, str], rules: Desired = NO_RULES) -> Undoing:
    """Compare what a run left with what is live, and return what takes it back, under the rules of these files.

    Raises RemoteError, RatingError.
    """
    target = intended_by(run.intended)
    before = dict(attached_before(connection, bindings_of(connection, Snapshot(), {}), run.made))
    attached = {address: {} if isinstance(fields, str) else fields for address, fields in before.items()}
    apart = {address: why for address, why in before.items() if isinstance(why, str)}
    known = Known(attached=attached, nobodys=nobodys_credits(run))
    looked = _look(connection, with_rules(undone(run, KINDS, known), rules, target), allow)
    if half := dict(_half_undone(connection, run, looked.rows)):
        known = replace(known, attached={**attached, **half})
        apart = {address: why for address, why in apart.items() if address not in half}
        looked = _look(connection, with_rules(undone(run, KINDS, known), rules, target), allow)
    whole, plan, rows, bindings = looked.whole, looked.plan, looked.rows, looked.bindings
    stays = left_alone(Seen(connection, run, whole, plan, rows, bindings, apart))
    known = replace(known, instead=stays.instead, endless=dict(_endless(run, plan)))
    left = with_rules(undone(without(run, stays.addresses), KINDS, known), rules, target)
    lasting = _lasting(connection, run, whole, stays, known)
    refused = tuple(_refused(address, why) for address, why in stays.changed.items())
    findings = (*_cut_off(run), *_sent(run), *_lasts(lasting), *refused)
    return Undoing(_ownable(left, looked.live), findings, bool(refused))


@dataclass(frozen=True, slots=True)
class _Looked:
    """The live state, and the plan that takes all of a run back."""

    whole: Undone
    plan: PlanFile
    rows: Index
    bindings: Bindings

    @property
    def live(self) -> tuple[Address, ...]:
        """Everything that is live."""
        return (*self.rows.records, *self.rows.versions)


def _look(connection: Connection, whole: Undone, allow: Mapping[str, str]) -> _Looked:
    """Read what is live of a whole run, and compare. Raises RemoteError, RatingError."""
    found = read_live(connection, whole.desired, deletes=True)
    rows = index(found, KINDS, connection.routes)
    live = (*rows.records, *rows.versions)
    plan = compared(connection, only_gone(whole, live), found, mode_of(allow)).plan
    return _Looked(whole, plan, rows, bindings_of(connection, found, {}))


def _half_undone(connection: Connection, run: Journaled, rows: Index) -> Iterator[tuple[Address, Fields]]:
    """The chains on which an undo of the run broke off before it set their end, with what was attached to them."""
    for made in run.made:
        attachments = connection.routes[made.address.kind].attachments
        if attachments is not None and awaits_its_end(made, rows):
            yield made.address, attached_by_journal(attachments, made)


def _lasting(
    connection: Connection, run: Journaled, whole: Undone, stays: LeftAlone, known: Known
) -> Iterator[Lasting]:
    """Everything of a run that lasts. Raises RemoteError."""
    yield from whole.lasting
    endless = known.endless.keys() - stays.addresses
    yield from (one for one in undone(run, KINDS, known).lasting if one.address in endless)
    yield from lasting_besides(connection, run, whole.gone)
    yield from (Lasting(address, why) for address, why in stays.lasting.items() if why)


def _endless(run: Journaled, plan: PlanFile) -> Iterator[tuple[Address, str]]:
    """The chains whose former end can't be set together with what else is taken back, and why."""
    ends = {made.address for made in run.made if end_before(made, KINDS[made.address.kind]) is not None}
    for change in plan.changes:
        if change.address in ends and change.outcome in NOT_MADE:
            yield change.address, change.reason


def _ownable(found: Undone, live: Iterable[Address]) -> Desired:
    """The desired state, in which what is to go counts as ours, too, if its labels can't be read."""
    from billsync.core.taking_back.adoption import adopting

    return adopting(only_gone(found, live), (a for a in found.gone if KINDS[a.kind].archetype is Archetype.VERSIONED))


def _cut_off(run: Journaled) -> Iterator[Diagnostic]:
    """The warning about a journal that ends within a line: the run was killed, or the file isn't whole."""
    if run.is_cut:
        detail = "the journal ends within a line: what the run did after that, if anything, isn't taken back"
        yield diagnostic("not-undone", detail, severity=Severity.WARNING)


def _sent(run: Journaled) -> Iterator[Diagnostic]:
    """The warning about usage that a restore sent again."""
    if run.sent:
        detail = "usage events that the run sent again stay: no call takes an event back"
        yield diagnostic("not-undone", detail, severity=Severity.WARNING)


def _lasts(lasting: Iterable[Lasting]) -> Iterator[Diagnostic]:
    """The warnings about what lasts: one for all entities of a kind with the same reason."""
    found: dict[tuple[str, str], list[Address]] = defaultdict(list)
    for one in lasting:
        found[one.address.kind, one.reason].append(one.address)
    for (kind, reason), them in found.items():
        whom = title_of(them[0]) if len(them) == 1 else f"{len(them)} {noun(kind, len(them))}"
        more = f" and {len(them) - NAMED} more" if len(them) > NAMED else ""
        names = f" ({', '.join(map(name_of, them[:NAMED]))}{more})" if len(them) > 1 else ""
        yield diagnostic("not-undone", f"{whom}: {reason}{names}", severity=Severity.WARNING)


def _refused(address: Address, why: str) -> Diagnostic:
    return diagnostic("changed-since", f"{title_of(address)}: {why}", HINT)
