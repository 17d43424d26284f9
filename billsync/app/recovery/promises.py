"""Reads the promises of all subscriptions in force.

Besides the lists of subscriptions, plans, features and meters, that is one request for each customer's access, one for
the add-ons of each subscription whose plan version offers any, one for the charges of those that changed within their
running period, and few meter queries for each lot of customers. Nothing but rows and promises is held for all of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import chain, groupby
from typing import TypeAlias, TypeVar

from billsync.api.documents import CHARGES, ENTITLEMENT_ACCESS
from billsync.app.impact.usage import FEW_CUSTOMERS, read_usage, usage_queries
from billsync.app.reading.metering import read_catalog
from billsync.app.reading.plan_shelf import PlanShelf
from billsync.app.reading.subscription_pages import ReadRow, SubscriptionPages
from billsync.app.recovery.taken_rows import lots
from billsync.app.server.connection import BY_CREATION, Connection
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.core.observed.index import Index
from billsync.live.lists.paging import Refused
from billsync.live.lists.streams import read_lists
from billsync.live.snapshot import PARENT
from billsync.model.frozen import dataclass
from billsync.model.malformed import Malformed
from billsync.model.recovery import Promise
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.billing.alike import AlikeRows, ByIdentity
from billsync.report.billing.attached import Attached, parse_attached, parse_own_items
from billsync.report.billing.catalog import Catalog
from billsync.report.billing.charges import Due, needed
from billsync.report.billing.subscribed import Subscribed
from billsync.report.impact.assess import Need
from billsync.report.impact.metered import Usages
from billsync.report.recovery.facts.promises import (
    Dues,
    Terms,
    addons_at,
    amounts_of,
    dues_of,
    granted_access,
    may_hide_charges,
    terms_of,
    unshown_terms,
)
from billsync.report.recovery.facts.sent_since import sent_since
from billsync.report.recovery.snapshot.items import kept
from billsync.report.recovery.snapshot.sharing import Sharing

SUBSCRIPTION = "subscription"
OVER = "inactive"
ADDONS = "addons"
"""The member of a subscription's row in which a snapshot shows its add-ons."""
KEPT = ("id", "customer_id", "status", "labels", "plan", "plan_id", "active_from", "active_to", "settlement_mode")
"""The members of a subscription's row that tell who has which plan, and when."""

FEW_QUERIES = 5
"""Above so many meter queries for a lot of customers, usage is read by days where its values add up."""

T = TypeVar("T")


def lots_of_customers(found: Iterable[T], customer: Callable[[T], str]) -> Iterator[Iterable[T]]:
    """Things in their customers' order, in lots: each has all those of few enough customers to name in one query."""
    of_each = (tuple(mine) for _, mine in groupby(found, customer))
    return (chain.from_iterable(lot) for lot in lots(of_each, FEW_CUSTOMERS))


@dataclass(frozen=True, slots=True)
class Promised:
    """The subscriptions that aren't over, as rows without their phases, and the promises of those in force, by id.

    `at` is the server's time.
    """

    at: datetime
    rows: tuple[Fields, ...]
    promises: Mapping[str, Promise]


def promises_of(connection: Connection) -> Mapping[str, Promise]:
    """The promise of every subscription in force, by its id, at the server's time. Raises RemoteError."""
    return read_promised(connection).promises


def read_promised(connection: Connection) -> Promised:
    """Read all subscriptions, and the promises of those in force. Raises RemoteError."""
    facts = read_promise_facts(connection)
    sharing = Sharing()
    left = _rows(connection, sharing)
    rows = tuple(kept(row, KEPT if "active_from" in row else (*KEPT, "created_at")) for row in left)
    promises: dict[str, Promise] = {}
    for lot in lots_of_customers(_taken_out(left), customer_of):
        in_force = _all_in_force(lot, facts)
        addons = _read_addons(connection, [one.terms for one in in_force], facts.shelf)
        found = _promises(connection, facts, in_force, addons)
        promises.update((name, sharing.promise(promise)) for name, promise in found)
    return Promised(facts.now, rows, promises)


def customer_of(row: Fields) -> str:
    """The id of a subscription's customer."""
    return str(row.get("customer_id"))


def _rows(connection: Connection, sharing: Sharing) -> list[Fields]:
    """The rows of all subscriptions that aren't over, by their customers."""
    pages = SubscriptionPages(connection.routes[SUBSCRIPTION].collection, sharing.fields)
    read = connection.rows_as(SUBSCRIPTION, pages.decode)
    rows = (page.fields if isinstance(page, ReadRow) else page for page in read)
    return sorted((row for row in rows if not _is_over(row)), key=customer_of)


def _taken_out(rows: list[Fields]) -> Iterator[Fields]:
    """Each row, which is given up before the next is taken."""
    rows.reverse()
    while rows:
        yield rows.pop()


@dataclass(frozen=True, slots=True)
class PromiseFacts:
    """The facts that all promises need, at the server's time."""

    now: datetime
    catalog: Catalog
    shelf: PlanShelf


def read_promise_facts(connection: Connection) -> PromiseFacts:
    """Read what all promises need. Raises RemoteError."""
    now = servers_now_by_anybody(connection, Snapshot())
    catalog = read_catalog(connection)
    shelf = PlanShelf(connection, Snapshot(), Index())
    shelf.published()
    return PromiseFacts(now, catalog, shelf)


def promises_in(connection: Connection, facts: PromiseFacts, lot: Iterable[Fields]) -> Iterator[tuple[str, Promise]]:
    """The promises of those of a lot of subscriptions that are in force, by id. Their rows show their add-ons, if they
    have any. Raises RemoteError."""
    rows = tuple(lot)
    addons = {str(row.get("id")): _addons(row.get(ADDONS, ())) for row in rows}
    _name_addons(addons.values(), facts.shelf)
    return _promises(connection, facts, _all_in_force(rows, facts), addons)


def _promises(
    connection: Connection, facts: PromiseFacts, found: Sequence[_InForce], addons: _Addons
) -> Iterator[tuple[str, Promise]]:
    apart = _dues(connection, found, addons, facts)
    terms = [one.terms for one in found]
    dues = {name: (*one.all, *one.resent) for name, one in apart.items()}
    metered = _usage(connection, terms, dues, facts.catalog)
    access = _access(connection, dict.fromkeys(one.customer_id for one in terms))
    for one in terms:
        amounts = amounts_of(one.subscribed, apart.get(one.id), metered.of(one.customer_id))
        yield (
            one.id,
            Promise(
                plan=one.plan,
                version=one.version,
                phase=one.phase_at(facts.now),
                period_from=one.period_from,
                period_to=one.period_to,
                ends_at=one.ends_at,
                addons=addons_at(addons.get(one.id, ()), facts.shelf.addon_keys, facts.now),
                access=access[one.customer_id],
                due=amounts.due,
                hidden=amounts.hidden,
                early=amounts.early,
            ),
        )


@dataclass(frozen=True, slots=True)
class _InForce:
    """The terms of a subscription in force, and the keys of items beyond its plan."""

    terms: Terms
    own: frozenset[str]


_Addons: TypeAlias = Mapping[str, tuple[Attached, ...] | None]
"""By subscription, its add-ons; None where the server doesn't show them. Those whose plan offers none are left out."""


def _is_over(row: Fields) -> bool:
    return bool(row.get("deleted_at")) or row.get("status") == OVER


def _all_in_force(rows: Iterable[Fields], facts: PromiseFacts) -> Sequence[_InForce]:
    alike = AlikeRows(facts.catalog.features)
    found = (_in_force(row, alike, facts) for row in rows)
    return [one for one in found if one is not None]


def _in_force(row: Fields, alike: AlikeRows, facts: PromiseFacts) -> _InForce | None:
    """The subscription in a row; None where it isn't in force."""
    one = None if _is_over(row) else _terms(row, alike, facts)
    if one is None:
        return None
    return _InForce(one, _own_items(row, facts.shelf.plan(one.plan_id) if one.plan_id else None))


def _terms(row: Fields, alike: AlikeRows, facts: PromiseFacts) -> Terms | None:
    if "active_from" in row:
        return terms_of(row, alike.parse(row), facts.now)
    plan = facts.shelf.plan(str(row["plan_id"])) if row.get("plan_id") else None
    return unshown_terms(row, plan or {}, alike.parse(row), facts.now)


def _read_addons(connection: Connection, terms: Iterable[Terms], shelf: PlanShelf) -> _Addons:
    asked = [one.id for one in terms if not one.plan_id or shelf.offers(one.plan_id) != ()]
    lists = connection.addons_of_all(asked)
    addons = {
        name: None if isinstance(rows, Refused) else _addons(rows) for name, rows in zip(asked, lists, strict=True)
    }
    _name_addons(addons.values(), shelf)
    return addons


def _name_addons(addons: Iterable[tuple[Attached, ...] | None], shelf: PlanShelf) -> None:
    """Read the keys of all add-ons. Raises RemoteError."""
    for attached in addons:
        for each in attached or ():
            shelf.addon_key(each.addon_id)


def _own_items(row: Fields, plan: Fields | None) -> frozenset[str]:
    """The keys of items beyond the plan; empty where its plan version or a row can't be read."""
    own = parse_own_items(row, plan) if plan else frozenset[str]()
    return frozenset() if isinstance(own, Malformed) else own


def _addons(rows: tuple[Fields, ...]) -> tuple[Attached, ...] | None:
    found = parse_attached(rows, {})
    return None if isinstance(found, Malformed) else found


def _dues(
    connection: Connection, in_force: Iterable[_InForce], addons: _Addons, facts: PromiseFacts
) -> Mapping[str, Dues]:
    """By subscription, what is still to be charged at the end of its period. Those that can't be rated are left out."""
    rated = [(one.terms.subscribed, one.own) for one in in_force if isinstance(one.terms.subscribed, Subscribed)]
    changed = [one.customer_id for one, own in rated if may_hide_charges(one, addons.get(one.id, ()), own, facts.now)]
    charges = _charges(connection, dict.fromkeys(changed))
    mine: dict[str, list[Subscribed]] = defaultdict(list)
    for one, _ in rated:
        mine[one.customer_id].append(one)
    found: dict[str, Dues] = {}
    alike: ByIdentity[Dues] = ByIdentity()
    for one, _ in rated:
        rows, several = charges.get(one.customer_id), mine[one.customer_id]
        if rows or len(several) > 1:
            found[one.id] = _dues_of(one, several, rows or (), facts)
        else:
            found[one.id] = alike.of((one.timeline, one.slots), partial(_dues_of, one, several, (), facts))
    return found


def _dues_of(one: Subscribed, several: Sequence[Subscribed], rows: Iterable[Fields], facts: PromiseFacts) -> Dues:
    """The charges still to come of one of a customer's subscriptions."""
    sent = sent_since(several, facts.catalog, facts.now)
    return dues_of(one, rows, facts.catalog.features, facts.now, sent)


def _charges(connection: Connection, customers: Iterable[str]) -> Mapping[str, tuple[Fields, ...]]:
    """The rows of the charges of customers; without those whose charges the server doesn't list."""
    names = tuple(customers)
    if not names or not connection.generation.can("charges"):
        return {}
    paths = (CHARGES.replace(PARENT, name) for name in names)
    lists = read_lists(connection.remote, paths, (), BY_CREATION, connection.clock)
    return {name: rows for name, rows in zip(names, lists, strict=True) if not isinstance(rows, Refused)}


def _usage(
    connection: Connection, terms: Iterable[Terms], dues: Mapping[str, tuple[Due, ...]], catalog: Catalog
) -> Usages:
    """The usage of all customers in the periods of what is due."""
    needs: dict[Need, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for one in terms:
        for feature, period in needed(dues.get(one.id, ())):
            if (meter_slice := catalog.meter_slices.get(feature)) is not None:
                features, customers = needs[meter_slice, period]
                features.add(feature)
                customers.add(one.customer_id)
    queries = usage_queries(needs, catalog, most=FEW_QUERIES)
    return read_usage(connection, queries, lambda count: None, at_once=1)[0]  # threads for each lot would cost memory


def _access(connection: Connection, customers: Iterable[str]) -> Mapping[str, frozenset[str] | None]:
    """By customer, the keys of the features that it may use; None where the server doesn't say."""
    names = tuple(customers)
    answers = connection.documents(ENTITLEMENT_ACCESS.replace(PARENT, name) for name in names)
    return {
        name: None if isinstance(answer, Refused) else granted_access(answer)
        for name, answer in zip(names, answers, strict=True)
    }
