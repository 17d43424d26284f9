"""The standing of each customer at a moment: balances and subscriptions, from a recovery snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal

from billsync.core.observed.index import Index, index
from billsync.core.observed.ownership import KEY, labels_of
from billsync.core.views.content import content_digest
from billsync.core.views.view import view
from billsync.kinds.registry import KINDS
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.malformed import MalformedRow
from billsync.model.recovery import Credit, Promise, Recovery
from billsync.model.routes import Routes
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields
from billsync.rating.arithmetic import ZERO, minus, plus
from billsync.report.billing.subscribed import optional_moment
from billsync.report.recovery.facts.own_billing import DEFAULT, billing_texts

CUSTOMER, SUBSCRIPTION, GRANT, PLAN = "customer", "subscription", "grant", "plan"
OVER, TO_COME, ENDING = "inactive", "scheduled", "canceled"


@dataclass(frozen=True, slots=True)
class Balance:
    """Credit in one currency: usable now, and promised for later."""

    settled: Decimal = ZERO
    pending: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Held:
    """A subscription that is in force, or begins at `starts_at`. `content` is the digest of its plan version without
    its number; None where it can't be worked out. `is_ending`: it is canceled, for whatever time, and
    `is_coming`: it isn't in force yet, even where no time of it is shown."""

    id: str
    key: str
    plan: str
    plan_id: str
    content: str | None
    starts_at: datetime | None
    promise: Promise | None
    is_ending: bool = False
    is_coming: bool = False


@dataclass(frozen=True, slots=True)
class Party:
    """A customer. `name` is its key, or its id without one; `balances` has no zeros. `billing` is its profile and the
    data of its apps in words; None where it isn't known."""

    id: str
    name: str
    has_key: bool
    balances: Mapping[str, Balance] = field(default_factory=dict)
    subscriptions: tuple[Held, ...] = ()
    billing: str | None = None


class Contents:
    """Digests of plan versions, each worked out once."""

    def __init__(self, recovery: Recovery, kinds: Registry, routes: Mapping[str, Routes]) -> None:
        self._kind, self._routes = kinds[PLAN], routes[PLAN]
        self._found: Index = index(_catalog(recovery.live), kinds, routes)
        self._rows = {row.id: row for row in recovery.live.of(PLAN)}
        self._digests: dict[str, str | None] = {}

    def name_of(self, plan_id: str, shown: Fields) -> str:
        """The key and the number of a version, from its row where a subscription doesn't show them (Konnect)."""
        plan = shown if shown.get("key") else self._rows[plan_id].fields if plan_id in self._rows else shown
        return f"{plan.get('key', '')}@{plan['version']}" if plan.get("version") else str(plan.get("key", ""))

    def of(self, plan_id: str) -> str | None:
        """The digest of a version's content; None where its row or a name in it is unknown."""
        if plan_id not in self._digests:
            row = self._rows.get(plan_id)
            seen = view(self._kind, row.fields, self._found.names) if row else None
            self._digests[plan_id] = content_digest(self._kind, seen, self._routes) if seen else None
        return self._digests[plan_id]


def _catalog(live: Snapshot) -> Snapshot:
    """The rows to which plan versions refer: all but those that a customer has."""
    return Snapshot({kind: rows for kind, rows in live.rows.items() if kind not in (CUSTOMER, SUBSCRIPTION, GRANT)})


def parties(
    recovery: Recovery, at: datetime, contents: Contents, guessed: frozenset[str] = frozenset()
) -> Mapping[str, Party]:
    """The customers by name, with the subscriptions that are in force at a moment or begin later.

    `guessed` are the ids of subscriptions whose times aren't the server's: they only tell what is over by then.
    """
    held: dict[str, list[Held]] = defaultdict(list)
    for row in recovery.live.of(SUBSCRIPTION):
        if (one := _held(row, recovery, at, contents, is_guessed=row.id in guessed)) is not None:
            held[str(row.fields.get("customer_id"))].append(one)
    due = _begun_since(recovery, at)
    rows = (row for row in recovery.live.of(CUSTOMER) if not row.fields.get("deleted_at"))
    billing = billing_texts(recovery)
    found = (_party(row, recovery, held, due.get(row.id, {})) for row in rows)
    return {
        party.name: party if billing is None else replace(party, billing=billing.get(party.id, DEFAULT))
        for party in found
    }


def _begun_since(recovery: Recovery, at: datetime) -> Mapping[str, Mapping[str, Decimal]]:
    """By customer and currency, what is left of grants that lay ahead, and have begun by a moment."""
    found: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in recovery.live.of("grant"):
        start = _moment(row.fields, "effective_at")
        left = recovery.credit.get(row.parent_id or "", Credit()).left.get(row.id)
        if left and start is not None and recovery.header.taken_at < start <= at:
            mine, currency = found[str(row.parent_id)], str(row.fields["currency"])
            mine[currency] = plus(mine.get(currency, ZERO), left)
    return found


def _party(row: Row, recovery: Recovery, held: Mapping[str, list[Held]], due: Mapping[str, Decimal]) -> Party:
    """A customer; credit that is `due` since the balance was read isn't pending any more."""
    key = row.fields.get("key")
    credit = recovery.credit.get(row.id)
    subscriptions = sorted(held.get(row.id, ()), key=lambda one: (one.key, one.plan, one.id))
    balances = dict(_balances(credit.balances, due)) if credit else {}
    return Party(row.id, str(key or row.id), bool(key), balances, tuple(subscriptions))


def _balances(rows: tuple[Fields, ...], due: Mapping[str, Decimal]) -> Iterator[tuple[str, Balance]]:
    for row in rows:
        begun = due.get(str(row["currency"]), ZERO)
        pending = Decimal(str(row.get("pending", 0)))
        found = Balance(plus(Decimal(str(row["settled"])), begun), minus(pending, begun))
        if found.settled or found.pending:
            yield str(row["currency"]), found


def _held(row: Row, recovery: Recovery, at: datetime, contents: Contents, *, is_guessed: bool) -> Held | None:
    """The subscription in a row; None where it is over by then."""
    fields = row.fields
    start, end = _moment(fields, "active_from"), _moment(fields, "active_to")
    is_over = end <= at if end else fields.get("status") == OVER
    if fields.get("deleted_at") or is_over:
        return None
    is_to_come = start > at if start else fields.get("status") == TO_COME
    plan = fields.get("plan") or {}
    plan_id = str(fields.get("plan_id") or plan.get("id") or "")
    key = str(labels_of(fields).get(KEY) or KINDS[SUBSCRIPTION].default_key)
    promise = recovery.promises.get(row.id)
    return Held(
        row.id,
        key,
        contents.name_of(plan_id, plan),
        plan_id,
        contents.of(plan_id),
        start if is_to_come and not is_guessed else None,
        promise,
        fields.get("status") == ENDING,
        is_to_come,
    )


def _moment(row: Fields, name: str) -> datetime | None:
    try:
        return optional_moment(row, name)
    except MalformedRow:
        return None
