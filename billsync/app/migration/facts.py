"""Reads the live side of a migration: the plan versions, the subscriptions on the plan that is left, their customers.

Unselected customers and subscriptions of others are counted, and nothing else of theirs is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from billsync.app.ending import Ended, error
from billsync.app.planning.pipeline import read_live
from billsync.app.server.connection import Connection
from billsync.core.changes.moved import present, with_moved
from billsync.core.changes.versions import offered
from billsync.core.observed.index import Index, index, version_of
from billsync.core.observed.ownership import KEY, labels_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import State
from billsync.model.state import Desired, Row, Snapshot
from billsync.model.value import Fields
from billsync.report.migration.selecting import CustomerLike, LabelIs, Selector, selects
from billsync.report.migration.standing import NOT_SELECTED, THERE, Member, Route, is_there, stranger
from billsync.report.migration.wanted import wanted
from billsync.report.moves.sides import plan_of

SUBSCRIPTION, PLAN, CUSTOMER, FEATURE = "subscription", "plan", "customer", "feature"
LATEST = "latest"
FEW = 50
"""Up to this many customers are read one by one; above, their whole list is read."""


@dataclass(frozen=True, slots=True)
class MigrationFacts:
    """The live state around the subscriptions that may move, and numbers of those that certainly don't."""

    snapshot: Snapshot
    found: Index
    counts: Mapping[str, int]


def read_route(connection: Connection, plan: str, target: str, version: int | None) -> Route:
    """The plan that is left, and the active version that `target` names: `latest`, a number, or another plan's key.

    Raises Ended for a plan that isn't there, and for a version that no subscription can be moved to; RemoteError.
    """
    source = Address(PLAN, (plan,))
    if not _versions(connection, source) and not _running(connection, plan):  # a deleted plan keeps its subscriptions
        raise _no_plan(connection, source)
    key, at, number = target.partition("@")
    if target == LATEST or target.isdecimal():
        aim, wanted_version = source, "" if target == LATEST else target
    else:
        aim, wanted_version = Address(PLAN, (key,)), number
    versions = _versions(connection, aim)
    if not versions:
        raise _no_plan(connection, aim)
    active = offered(KINDS[PLAN], versions)
    if active is None or (at and not number) or wanted_version not in ("", str(version_of(active))):
        offer = f"only {aim.key}@{version_of(active)} is" if active else "no version of it is"
        detail = f"{target!r} of plan {aim.key} is not an active version: {offer}."
        raise error("not-active", detail, "Subscriptions are moved to the active version of a plan; publish it first.")
    route = Route(source, aim.at(version_of(active)), version)
    if source.at(version or 0) == route.target:
        raise error("nothing-matches", f"--from {version} is the version to which they would move.")
    return route


def _versions(connection: Connection, plan: Address) -> tuple[Row, ...]:
    """The live versions of a plan, oldest first. Raises RemoteError."""
    rows = (Row(PLAN, str(row["id"]), row) for row in connection.rows(PLAN, key=plan.key))
    live = tuple(row for row in rows if not row.fields.get("deleted_at") and row.fields.get("key") == plan.key)
    return tuple(sorted(live, key=version_of))


def _no_plan(connection: Connection, plan: Address) -> Ended:
    return error("no-plan", f"{connection.target} has none with the key {plan.key!r}.")


def read_migration_facts(
    connection: Connection, desired: Desired, route: Route, selectors: Sequence[Selector]
) -> MigrationFacts:
    """Read the subscriptions that may move, and all about their customers. Raises Ended if there are none, RemoteError.

    One that has been moved already counts as one that was there.
    """
    rows = _running(connection, route.source.key)
    plans = _plans(connection, route)
    counts: Counter[str] = Counter()
    counts[THERE] = sum(is_there(row, route.target, plans) and not stranger(row, desired) for row in rows)
    leaving = list({_chain(row): row for row in rows if route.leaves(plan_of(row, plans))}.values())
    counts.update(strange for row in leaving if (strange := stranger(row, desired)))
    ours = [row for row in leaving if not stranger(row, desired)]
    customers = _customers(connection, {str(row.fields["customer_id"]) for row in ours})
    chosen = _chosen(customers, desired, selectors)
    members = [_member(row, chosen, desired, plans) for row in ours if str(row.fields["customer_id"]) in chosen]
    counts[NOT_SELECTED] = len(ours) - len(members)
    if not members and not _has_arrived(connection, desired, route, selectors, rows, plans):
        raise error("nothing-matches", _nothing(route, counts), "Check --plan, --from and --select.")
    snapshot = read_live(connection, wanted(desired, members, route, None), deletes=False)
    snapshot = snapshot.with_(Snapshot({FEATURE: _features(connection), PLAN: tuple(plans.records.values())}))
    return MigrationFacts(snapshot, with_moved(index(snapshot, KINDS, connection.routes), desired.moved, KINDS), counts)


def _plans(connection: Connection, route: Route) -> Index:
    """The versions of both plans by their ids: Konnect shows no more of a subscription's plan. Raises RemoteError."""
    both = dict.fromkeys((route.source, route.target.unversioned()))
    rows = [row for plan in both for row in _versions(connection, plan)]
    addresses = {row.id: Address(PLAN, (str(row.fields["key"]),), version_of(row)) for row in rows}
    return Index(names=addresses, records={addresses[row.id]: row for row in rows})


def _features(connection: Connection) -> tuple[Row, ...]:
    """The live features, whose keys the prices of plan versions are named by. Raises RemoteError."""
    rows = connection.rows(FEATURE)
    return tuple(Row(FEATURE, str(row["id"]), row) for row in rows if not row.get("deleted_at"))


def _chain(row: Row) -> tuple[str, str]:
    """The customer and the key of a link's chain: two links of it run while a change is scheduled."""
    return str(row.fields["customer_id"]), str(labels_of(row.fields).get(KEY) or row.id)


def _running(connection: Connection, plan: str) -> tuple[Row, ...]:
    """The subscriptions on a plan that run, or are to begin. Raises RemoteError."""
    states = ",".join(sorted(KINDS[SUBSCRIPTION].words(State.COMING, State.CURRENT, State.ENDING)))
    return _subscriptions(connection, (("filter[plan_key][eq]", plan), ("filter[status][oeq]", states)))


def _subscriptions(connection: Connection, query: tuple[tuple[str, str], ...]) -> tuple[Row, ...]:
    routes = connection.routes[SUBSCRIPTION]
    rows = connection.listed(routes.collection, query, listing=routes.listing)
    return tuple(Row(SUBSCRIPTION, str(row["id"]), row) for row in rows if not row.get("deleted_at"))


def _customers(connection: Connection, ids: Iterable[str]) -> Mapping[str, Fields]:
    """The live customers with these ids. Raises RemoteError."""
    wanted_ids = sorted(ids)
    rows = connection.items(CUSTOMER, wanted_ids) if len(wanted_ids) <= FEW else connection.rows(CUSTOMER)
    found = {str(row["id"]): row for row in rows if not row.get("deleted_at")}
    return {server_id: found[server_id] for server_id in wanted_ids if server_id in found}


def _chosen(
    customers: Mapping[str, Fields], desired: Desired, selectors: Sequence[Selector]
) -> Mapping[str, tuple[Address, Fields]]:
    """The customers with a key that selectors of customers choose, by their ids, with their addresses in the files."""
    named = {
        server_id: (present(Address(CUSTOMER, (str(row["key"]),)), desired.moved), row)
        for server_id, row in customers.items()
        if row.get("key")
    }
    own = [selector for selector in selectors if isinstance(selector, LabelIs | CustomerLike)]
    return {
        server_id: (address, row) for server_id, (address, row) in named.items() if selects(own, address.key, row, None)
    }


def _member(row: Row, chosen: Mapping[str, tuple[Address, Fields]], desired: Desired, plans: Index) -> Member:
    """A subscription of which the rest is yet to be read."""
    customer, fields = chosen[str(row.fields["customer_id"])]
    address = present(Address(SUBSCRIPTION, (*customer.names, _chain(row)[1])), desired.moved)
    return Member(address, Row(CUSTOMER, str(fields["id"]), fields), plan_of(row, plans))


def _has_arrived(
    connection: Connection,
    desired: Desired,
    route: Route,
    selectors: Sequence[Selector],
    rows: Sequence[Row],
    plans: Index,
) -> bool:
    """Whether a subscription of a chosen customer is on the target: a run that is done, made again, is no mistake.

    `rows` are the running ones on the plan that is left. It is asked only where nothing moves.
    """
    is_same = route.source == route.target.unversioned()
    there = [row for row in (rows if is_same else _come_from(connection, route)) if is_there(row, route.target, plans)]
    ids = {str(row.fields["customer_id"]) for row in there if not stranger(row, desired)}
    return bool(_chosen(_customers(connection, ids), desired, selectors))


def _come_from(connection: Connection, route: Route) -> tuple[Row, ...]:
    """The running subscriptions on the target's plan that were on the plan that is left right before."""
    earlier = {row.id for row in _subscriptions(connection, (("filter[plan_key][eq]", route.source.key),))}
    predecessor = str(KINDS[SUBSCRIPTION].predecessor)
    running = _running(connection, route.target.key)
    return tuple(row for row in running if str(labels_of(row.fields).get(predecessor)) in earlier)


def _nothing(route: Route, counts: Mapping[str, int]) -> str:
    plan = route.source.key if route.version is None else f"{route.source.key}@{route.version}"
    others = {name.replace("_", " "): count for name, count in counts.items() if count}
    but = "; ".join(f"{name}: {count}" for name, count in others.items())
    return f"No live subscription of this owner on plan {plan} is selected{f' ({but})' if but else ''}."
