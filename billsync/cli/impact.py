"""`diff --impact`: from a comparison to verdicts on every subscription that it reaches. It only reads."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from billsync.cli.ending import usage
from billsync.cli.metering import Catalog, query, read_catalog
from billsync.cli.pipeline import Comparison, Connection
from billsync.core.index import Index, index
from billsync.core.normalize import normalize
from billsync.kinds.registry import KINDS
from billsync.live.paging import read_list
from billsync.model.address import Address
from billsync.model.change import Action
from billsync.model.state import Desired, Entity, Row
from billsync.model.value import Fields, canonical
from billsync.rating.periods import Period
from billsync.render.impact import Shown
from billsync.report.impact import Prepared, Reached, Verdict, new_cards, old_keys, prepared, repriced, verdict
from billsync.report.subscribed import Subscribed, duration_of, subscribed
from billsync.report.usage import CUSTOMER, Gauge, by_customer, query_body

PLAN, SUBSCRIPTION, CUSTOMERS, FEATURE = "plan", "subscription", "customer", "feature"
LATEST = "latest"
EVERYBODY = "all"
FEW_CUSTOMERS = 100
REQUESTS_AT_MOST = 500

Metered = Mapping[str, dict[tuple[str, Period], Decimal]]


@dataclass(frozen=True, slots=True)
class ImpactOptions:
    """Whom to look at, over how many full billing periods, how many of them, and whether to leave names out."""

    whom: str
    periods: int = 1
    sample: int | None = None
    anonymous: bool = False


@dataclass(frozen=True, slots=True)
class _Change:
    """A plan that gets another version: as it will be, and all its live versions."""

    address: Address
    entity: Entity
    versions: tuple[Row, ...]


def impact(connection: Connection, desired: Desired, comparison: Comparison, options: ImpactOptions) -> Shown:
    """What the comparison's plan changes mean for live subscriptions. Raises Ended, RemoteError, RatingError."""
    found = index(comparison.snapshot, KINDS, connection.routes)
    catalog = _with_declared(read_catalog(connection), desired, found)
    now = connection.clock.now()
    whole = [
        one
        for change in _changes(desired, comparison, found)
        for one in _reached(connection, desired, comparison, found, catalog, change, options.whom)
    ]
    chosen = [prepared(one, now, options.periods) for one in _sampled(whole, options.sample)]
    needs = _needs(chosen, catalog)
    if len(needs) > REQUESTS_AT_MOST and options.sample is None:
        hint = "Their billing periods differ. Say --impact-sample 200 to look at two hundred of them."
        raise usage("many-requests", f"the impact would need {len(needs)} requests", hint=hint)
    metered = _metered(connection, needs)
    verdicts: dict[str, list[Verdict]] = defaultdict(list)
    for one in chosen:
        mine = metered.get(one.reached.before.customer_id, {})
        verdicts[one.reached.target].append(verdict(one, mine))
    ordered = {name: tuple(sorted(them, key=lambda one: one.reached.name)) for name, them in sorted(verdicts.items())}
    return Shown(ordered, options.periods, len(needs), len(whole), options.whom == EVERYBODY, options.anonymous)


def _changes(desired: Desired, comparison: Comparison, found: Index) -> Iterator[_Change]:
    entities = {entity.address: entity for entity in desired.entities}
    for change in comparison.plan.pending:
        address = change.address
        if (
            address.kind == PLAN
            and change.action is Action.UPDATE
            and (versions := found.versions.get(address.unversioned()))
        ):
            yield _Change(address, entities[address.unversioned()], versions)


def _reached(
    connection: Connection,
    desired: Desired,
    comparison: Comparison,
    found: Index,
    catalog: Catalog,
    change: _Change,
    whom: str,
) -> Iterator[Reached]:
    """The running subscriptions of all versions of the plan: the declared ones, or all."""
    declared = {
        entity.address.parents[-1]: entity for entity in desired.entities if entity.address.kind == SUBSCRIPTION
    }
    rows, names = _rows(connection, comparison, found, change.address.key, whom)
    now = connection.clock.now()
    for row in rows:
        customer = names.get(str(row["customer_id"]), str(row["customer_id"]))
        entity = declared.get(customer)
        is_running = not row.get("deleted_at") and row.get("status") in ("active", "canceled")
        if is_running and (entity or whom == EVERYBODY) and (row.get("plan") or {}).get("key") == change.address.key:
            before = subscribed(row, catalog.features)
            if before.period_at(now).holds(now):
                yield _one(before, row, customer, entity, change, catalog)


def _rows(
    connection: Connection, comparison: Comparison, found: Index, plan: str, whom: str
) -> tuple[Iterable[Fields], Mapping[str, str]]:
    """Rows of subscriptions, and the keys of customers by id."""
    if whom != EVERYBODY:
        names = {server_id: address.key for server_id, address in found.names.items() if address.kind == CUSTOMERS}
        return [row.fields for row in comparison.snapshot.of(SUBSCRIPTION)], names
    subscriptions, customers = connection.routes[SUBSCRIPTION], connection.routes[CUSTOMERS]
    filters = ((f"filter[{PLAN}_key][eq]", plan),)
    rows = read_list(connection.remote, subscriptions.collection, filters, subscriptions.listing, connection.clock)
    everybody = read_list(connection.remote, customers.collection, (), customers.listing, connection.clock)
    return rows, {str(row["id"]): str(row.get("key") or row["id"]) for row in everybody}


def _one(
    before: Subscribed, row: Fields, customer: str, entity: Entity | None, change: _Change, catalog: Catalog
) -> Reached:
    want = normalize(KINDS[PLAN], change.entity.fields)
    own = next((version for version in change.versions if version.id == row.get("plan_id")), change.versions[-1])
    after = repriced(before, new_cards(want), old_keys(own.fields))
    version = entity.fields.get("version") if entity else None
    moves = version == LATEST or (version is not None and str(version) == str(change.address.version))
    key = entity.address.key if entity else str((row.get("labels") or {}).get("billsync_key", "default"))
    problem = _problem(before, after, want, catalog)
    return Reached(f"{customer}/{key}", customer, change.address.text, moves, before, after, problem)


def _problem(before: Subscribed, after: Subscribed, want: Fields, catalog: Catalog) -> str:
    """Why a subscription can't be rated under the new cards; empty if it can."""
    if duration_of(str(want["billing_cadence"])) != before.timeline.cadence:
        return "its billing cadence would change, so that no period is the same"
    priced = {slot.feature for side in (before, after) for slot in side.slots if not slot.item.is_flat and slot.feature}
    missing = sorted(priced - catalog.gauges.keys())
    return f"nothing was metered for {', '.join(missing)} so far" if missing else ""


def _with_declared(catalog: Catalog, desired: Desired, found: Index) -> Catalog:
    """The gauges with those of declared features that aren't live yet, over meters that are."""
    gauges = dict(catalog.gauges)
    for entity in desired.entities:
        if entity.address.kind == FEATURE and entity.address.key not in gauges:
            meter = normalize(KINDS[FEATURE], entity.fields).get("meter")
            row = found.records.get(meter["key"].address) if meter else None
            if meter and row:
                gauges[entity.address.key] = Gauge(row.id, canonical(meter.get("filters") or {}))
    return Catalog(catalog.features, gauges, catalog.steady)


def _sampled(reached: list[Reached], size: int | None) -> list[Reached]:
    """All, or so many that a digest of their ids chooses: the same ones each time, whoever they are."""
    if size is None or len(reached) <= size:
        return reached
    return sorted(reached, key=lambda one: hashlib.sha256(one.before.id.encode()).digest())[:size]


Need = tuple[Gauge, Period]


def _needs(chosen: Iterable[Prepared], catalog: Catalog) -> dict[Need, tuple[set[str], set[str]]]:
    """For each gauge and period, which is one request: the features that it serves, and the customers."""
    found: dict[Need, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    for one in chosen:
        for feature, period in one.needs:
            features, customers = found[catalog.gauges[feature], period]
            features.add(feature)
            customers.add(one.reached.before.customer_id)
    return found


def _metered(connection: Connection, needs: Mapping[Need, tuple[set[str], set[str]]]) -> Metered:
    """The usage of each customer, by feature and period: one request for each gauge and period."""
    found: dict[str, dict[tuple[str, Period], Decimal]] = defaultdict(dict)
    for (gauge, period), (features, customers) in needs.items():
        asked = sorted(customers) if len(customers) <= FEW_CUSTOMERS else ()
        rows = query(connection, gauge, query_body(gauge, period, group_by=[CUSTOMER], customers=asked))
        for customer, value in by_customer(rows).items():
            for feature in features:
                found[customer][feature, period] = value
    return found
