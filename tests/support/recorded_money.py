"""What a recording with money in it says: subscriptions, grants, events, and what the real server made of them."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from billsync.local.catalog.dimension_filters import accepts
from billsync.local.catalog.meter_readings import dimensions_of, value_of
from billsync.rating.periods import Period
from billsync.report.billing.subscribed import moment_of
from tests.support.plain_metering import PlainReading, aggregated

BASE = "/api/v3/openmeter"
COLLECTION = timedelta(hours=1)
FIRST = "1970-01-01T00:00:00Z"
BOOKED_AFTER = timedelta(hours=1, minutes=1)

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """One usage event, and when the server got it."""

    stored_at: datetime
    at: datetime
    type: str
    subject: str
    data: Any


@dataclass(frozen=True, slots=True)
class Shown:
    """An answer that shows money: which part of the API, for which customer, when."""

    topic: str
    customer_id: str
    at: datetime
    query: Mapping[str, Any]
    body: Any


@dataclass(slots=True)
class Recording:
    """All that one file says."""

    name: str
    meters: dict[str, Row] = field(default_factory=dict)
    features: dict[str, Row] = field(default_factory=dict)
    customers: dict[str, Row] = field(default_factory=dict)
    subscriptions: dict[str, list[tuple[datetime, Row]]] = field(default_factory=lambda: defaultdict(list))
    grants: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    events: dict[tuple[str, str], Event] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    by_hand: list[tuple[datetime, Row]] = field(default_factory=list)
    ends_at: datetime | None = None

    @property
    def feature_keys(self) -> dict[str, str]:
        return {key: row["key"] for key, row in self.features.items()}

    def grants_of(self, customer_id: str, moment: datetime) -> list[Row]:
        """The customer's grants that had been made by then, as they were then."""
        rows = [row for row in self.grants[customer_id].values() if moment_of(row["created_at"]) <= moment]
        return [_as_of(row, moment) for row in rows]

    def subscriptions_at(self, moment: datetime) -> list[Row]:
        """All subscriptions, each as it was last shown by then."""
        shown = [[row for at, row in rows if at <= moment] for rows in self.subscriptions.values()]
        return [rows[-1] for rows in shown if rows]

    def subscription_at(self, subscription_id: str, moment: datetime) -> Row:
        """The subscription as it was last shown by then, or first shown."""
        rows = self.subscriptions[subscription_id]
        return [row for at, row in rows[:1] + [one for one in rows[1:] if one[0] <= moment]][-1]

    def end_shown_at(self, subscription_id: str) -> datetime:
        """When the subscription was first shown with an end."""
        return next(at for at, row in self.subscriptions[subscription_id] if row.get("active_to"))

    def reading(self, customer_id: str, feature: str, period: Period, *, stored_by: datetime) -> Decimal:
        """What was metered for a customer in a period, of the events that had been stored by then."""
        row = [row for row in self.features.values() if row["key"] == feature][-1]
        meter = self.meters[row["meter"]["id"]]
        counts = accepts(row["meter"].get("filters") or {})
        subjects = self._subjects(customer_id)
        readings = [
            PlainReading(event.at, number, value)
            for number, event in enumerate(self.events.values())
            if event.type == meter["event_type"]
            and event.stored_at <= stored_by
            and period.holds(event.at)
            and event.subject in subjects
            and counts(dimensions_of(meter, event.data))
            and (value := value_of(meter, event.data)) is not None
        ]
        return aggregated(meter["aggregation"], readings) or Decimal(0)

    def _subjects(self, customer_id: str) -> set[str]:
        row = self.customers[customer_id]
        return {*(row.get("usage_attribution") or {}).get("subject_keys", ()), row.get("key", "")}


def _as_of(row: Row, moment: datetime) -> Row:
    """A grant as it was then: not voided yet, or invoiced since it was shown (customer-facts.md §7.5)."""
    if moment_of(row.get("voided_at", FIRST)) > moment:
        row = {**row, "voided_at": None}
    is_started = moment_of(row.get("effective_at") or row["created_at"]) <= moment
    return {**row, "status": "active"} if row["status"] == "pending" and is_started else row


def read_recording(path: Path) -> Recording:
    """The recording in a file."""
    found = Recording(path.stem)
    for line in path.read_text(encoding="utf-8").splitlines()[1:]:
        exchange = json.loads(line, parse_float=Decimal)
        if exchange["response"]["status"] < 300:
            _learn(found, exchange)
        found.ends_at = moment_of(exchange["at"])
    return found


def _learn(found: Recording, exchange: Row) -> None:
    request, body = exchange["request"], exchange["response"].get("body")
    path = request["path"].removeprefix(BASE).strip("/").split("/")
    at = moment_of(exchange["at"])
    match (request["method"], *path):
        case ("POST", "meters"):
            found.meters[body["id"]] = body
        case ("POST", "features"):
            found.features[body["id"]] = body
        case ("POST", "customers") | ("PUT", "customers", _):
            found.customers[body["id"]] = body
        case ("POST", "subscriptions") | ("GET", "subscriptions", _) | ("POST", "subscriptions", _, "cancel"):
            _show(found, at, body)
        case ("POST", "subscriptions", _, "change"):
            for row in (body["current"], body["next"]):
                _show(found, at, row)
        case ("GET", "subscriptions"):
            for row in body["data"]:
                _show(found, at, row)
        case ("POST", "customers", customer, "credits", "grants"):
            found.grants[customer][body["id"]] = body
        case ("POST", "customers", customer, "credits", "grants", _, "void"):
            found.grants[customer][body["id"]] = body
        case ("POST", "customers", customer, "charges"):
            found.by_hand.append((at, body))
        case ("POST", "events"):
            _store(found, request["body"], at)
        case ("GET", "customers", customer, "credits", ("balance" | "transactions") as topic):
            found.shown.append(Shown(topic, customer, at, request.get("query") or {}, body))
        case ("GET", "customers", customer, "charges"):
            found.shown.append(Shown("charges", customer, at, request.get("query") or {}, body))
        case ("GET", "billing", "invoices", _):
            found.shown.append(Shown("invoice", body["customer"]["id"], at, {}, body))


def _show(found: Recording, at: datetime, row: Row) -> None:
    """A subscription was shown; the recorded time may lie a moment before its start."""
    known = found.subscriptions[row["id"]]
    first, last = (known[0][1], known[-1][1]) if known else (row, row)
    ids = {(phase["key"], item["rate_card"]["key"]): item["id"] for phase in first["phases"] for item in phase["items"]}
    before = {phase["key"]: phase["items"] for phase in last["phases"]}
    phases = [{**phase, "items": _items(phase, before.get(phase["key"], ()), ids)} for phase in row["phases"]]
    known.append((at, {**row, "phases": phases}))


def _items(phase: Row, before: Iterable[Row], ids: Mapping[tuple[str, str], str]) -> list[Row]:
    """The items of a phase, with the ids that they had at first, and what they were before an add-on split them.

    A cancellation gives new ids, and charges keep their order; of each key only the version of the time is shown.
    """
    shown = {item["rate_card"]["key"]: item for item in phase["items"]}
    earlier = [
        {**item, "active_to": shown[key]["active_from"]}
        for item in before
        if (key := item["rate_card"]["key"]) in shown and item["active_from"] < shown[key]["active_from"]
    ]
    every = [*earlier, *phase["items"]]
    return [{**item, "id": ids.get((phase["key"], item["rate_card"]["key"]), item["id"])} for item in every]


def _store(found: Recording, body: Any, at: datetime) -> None:
    for event in body if isinstance(body, list) else [body]:
        time = moment_of(event["time"]) if event.get("time") else at
        key = (event["source"], event["id"])
        found.events.setdefault(key, Event(at, time, event["type"], event["subject"], event.get("data")))


def is_whole(shown: Shown) -> bool:
    """Whether an answer has all rows that there are."""
    page = shown.body["meta"]["page"]
    return bool(len(shown.body["data"] or ()) == page["total"])


def last_shown(recording: Recording, topic: str) -> Iterator[Shown]:
    """The last answer of a topic for each customer, or invoice, that had no query which changes its rows."""
    last: dict[str, Shown] = {}
    for shown in recording.shown:
        if shown.topic == topic and not shown.query:
            key = shown.body["id"] if topic == "invoice" else shown.customer_id
            last[key] = shown
    yield from last.values()


def every_shown(recording: Recording, topic: str) -> Iterable[Shown]:
    """All answers of a topic without a query."""
    return (shown for shown in recording.shown if shown.topic == topic and not shown.query)
