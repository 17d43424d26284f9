"""`promote`: the catalog of one environment as desired state for another, and the proof that both are equivalent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from io import StringIO

from billsync.app.planning.pipeline import compare, everything
from billsync.app.promotion.worths import custom_in, worths
from billsync.app.server.connection import Connection, ReadingConnection
from billsync.config import load
from billsync.core.changes.versions import offered
from billsync.core.declared.selecting import Chosen, selected
from billsync.core.diffing.diff import Mode
from billsync.core.dump.dump import Dump, dump
from billsync.core.dump.losses import told
from billsync.core.dump.selected import entities_in, selected_dump
from billsync.core.observed.index import index
from billsync.core.views.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Outcome
from billsync.model.diagnostic import Diagnostic, Position, has_errors
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Absent
from billsync.model.malformed import Malformed
from billsync.model.note import Note
from billsync.model.selection import Selection
from billsync.model.state import Desired, Row, Snapshot
from billsync.model.value import Fields
from billsync.render.formats.yaml_text import to_yaml
from billsync.report.billing.catalog import catalog_of
from billsync.report.impact.repricing import PlanCards, addon_cards, parse_addon_cards, parse_plan_cards, plan_cards
from billsync.report.promotion.equivalence import Departure, Equivalence, Side, currency_departures, equivalence

CATALOG = frozenset(
    name for name, kind in KINDS.items() if kind.parent is None and kind.absent is not Absent.NOT_MANAGED
)
"""The kinds that are the same in each environment: everything but customers, and what belongs to them."""

MODE = "apply"
ADDON = "addon"


@dataclass(frozen=True, slots=True)
class Offered:
    """The catalog of a source as desired state. `prices` are the cards of what new subscribers get there, `worths` are
    the custom currencies among them in words, as far as they are known."""

    desired: Desired
    prices: Side
    worths: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    findings: tuple[Diagnostic, ...] = ()
    is_of_files: bool = False


def offered_by_server(connection: ReadingConnection, patterns: Chosen = ()) -> Offered:
    """The live catalog of a server, as a dump declares it. Where no file may have something of it, that counts only
    if it is among what the patterns choose, and what that needs. Raises RemoteError."""
    found = everything(connection, CATALOG)
    dumped = dump(found, connection.kinds, connection.routes)
    desired, findings = _loaded(dumped)
    if patterns and has_errors(findings):
        part = selected_dump(dumped, patterns, KINDS)
        if any(entities_in(part.document, KINDS)):
            dumped, (desired, findings) = part, _loaded(part)
    named = tuple(_placed(finding, connection.target) for finding in findings)
    prices = _live_prices(connection, found)
    known = worths(connection, custom_in(prices))
    return Offered(in_catalog(desired), prices, known, told(dumped.losses), named)


def _loaded(dumped: Dump) -> tuple[Desired, tuple[Diagnostic, ...]]:
    return load(["-"], registry=KINDS, stdin=StringIO(to_yaml(dumped.document, {})))


def offered_by_files(desired: Desired) -> Offered:
    """The catalog that files declare."""
    catalog = in_catalog(desired)
    wanted = {e.address: normalize(KINDS[e.address.kind], e.fields) for e in catalog.entities}
    prices = {address: _declared(address, want) for address, want in wanted.items() if _is_priced(want)}
    return Offered(catalog, prices, is_of_files=True)


def in_catalog(desired: Desired) -> Desired:
    """The part of a desired state that is the catalog, and of it what the files select; what it refers to besides is
    external."""
    kinds = (desired.selection.kinds & CATALOG) if desired.selection.kinds else CATALOG
    labels = desired.selection.labels
    within = selected(desired, Selection(kinds=kinds, labels=labels), KINDS)
    moved = {new: old for new, old in desired.moved.items() if new.kind in CATALOG}
    return replace(within, moved=moved, selection=Selection(labels=labels))


def proof(connection: Connection, offered: Offered) -> Equivalence:
    """Read the target again, and compare views and money of what was to be promoted. Raises RemoteError."""
    desired = offered.desired
    compared = compare(connection, desired, Mode(MODE, deletes=False, allow={}))
    views = tuple(_departure(change) for change in compared.plan.changes if _departs(change, desired))
    chosen = {
        address: cards for address, cards in offered.prices.items() if desired.selection.includes(address.unversioned())
    }
    live = _live_prices(connection, everything(connection, CATALOG))
    money = equivalence(chosen, live)
    codes = custom_in(chosen)
    worth, unproved = currency_departures(codes, offered.worths, worths(connection, codes))
    beyond = sorted(live.keys() - chosen.keys(), key=lambda one: one.order) if _is_everything(desired) else ()
    departures = (*views, *money.departures, *worth)
    return replace(money, departures=departures, unproved=unproved, beyond=tuple(beyond))


def _is_everything(desired: Desired) -> bool:
    """Whether a promotion is of everything that the source has."""
    return desired.selection.is_whole and not desired.selection.labels


def _departs(change: Change, desired: Desired) -> bool:
    return change.outcome is not Outcome.NOTE and desired.selection.includes(change.address)


def _departure(change: Change) -> Departure:
    names = ", ".join(sorted({str(field.path[0]) for field in change.fields}))
    what = f"{change.verb}: {names}" if names else change.verb
    return Departure(change.address, f"{what} ({change.reason})" if change.reason else f"{what} is still to be done")


def _live_prices(connection: ReadingConnection, found: Snapshot) -> Side:
    rows = index(found, KINDS, connection.routes)
    features = catalog_of([row.fields for row in found.of("feature")], []).features
    sides: dict[Address, PlanCards | Malformed] = {}
    for address, versions in rows.versions.items():
        row = offered(KINDS[address.kind], versions)
        if row is not None:
            sides[address.unversioned()] = _live_cards(row, features)
    return sides


def _live_cards(row: Row, features: Mapping[str, str]) -> PlanCards | Malformed:
    if row.kind != ADDON:
        return parse_plan_cards(row.fields, features)
    slots = parse_addon_cards(row.fields, features)
    return slots if isinstance(slots, Malformed) else PlanCards({"": slots})


def _is_priced(want: Fields) -> bool:
    return "phases" in want or "rate_cards" in want


def _declared(address: Address, want: Fields) -> PlanCards | Malformed:
    try:
        return addon_cards(want) if address.kind == ADDON else plan_cards(want)
    except (KeyError, ValueError) as problem:
        return Malformed(str(problem), None)


def _placed(finding: Diagnostic, target: str) -> Diagnostic:
    """The finding, with its place in what a dump of the source would be."""
    place = finding.position
    return replace(finding, position=Position(f"dump of {target}", place.line, place.column)) if place else finding
