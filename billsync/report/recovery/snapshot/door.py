"""Checks of what comes out of a snapshot's file, which anybody may have edited and sealed again: whatever is read from
it has the form that a server shows, so that nothing behind this door meets a list where a text belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from billsync.api.documents import BALANCE, UNDECLARED_APPS, UNDECLARED_CURRENCIES, UNDECLARED_PROFILES
from billsync.api.promises import AMOUNT, ANYTHING, BOOLEAN, MOMENT, TEXT, WHOLE, Promise, promise_of, promise_to
from billsync.api.routes import routes
from billsync.core.views.promised import fault_in
from billsync.core.views.shown_forms import form_fault
from billsync.kinds.registry import KINDS
from billsync.model.duration import LONGEST, parse_duration
from billsync.model.recovery import Credit, Recovery
from billsync.model.state import Row
from billsync.model.value import Fields, Plain
from billsync.rating.arithmetic import ZERO, total
from billsync.report.recovery.facts.own_billing import DATA, PROFILE
from billsync.report.recovery.snapshot.items import EVERYTHING, CreditOf, Document, Event, Item, Listed, Members

DEEPEST = 60
"""Levels of lists and maps in a line; a server shows a dozen."""
OLDEST, NEWEST = 2000, 2999
"""The years in which a snapshot may be taken: periods are counted from there."""
SPANS = frozenset({"billing_cadence", "duration", "expires_after"})
"""The members that say a length of time."""
HOLDERS = frozenset({"phases", "items", "rate_cards", "rate_card", "addons"})
"""The members in which these stand."""
_ROUTES = routes("openmeter")
_HALVES = re.compile(rb"\\u[dD][89a-fA-F]")
_BILLING: Promise = {f"{PROFILE}?": {"id?": TEXT}, f"{DATA}?": {"*": ANYTHING}}
_LISTED: Promise = {"id?": TEXT, "name?": TEXT, "code?": TEXT, "currency?": TEXT, "deleted_at?": MOMENT}
_COST: Promise = {"fiat_code": TEXT, "rate": AMOUNT, "effective_from?": MOMENT, "effective_to?": MOMENT}
_APP: Promise = {"id": TEXT}
_LISTS: Mapping[str, Promise] = {
    UNDECLARED_CURRENCIES: {"id": TEXT, "type": TEXT, "code": TEXT, "precision": WHOLE, "cost_basis?": (_COST,)},
    UNDECLARED_PROFILES: {
        "id": TEXT,
        "name": TEXT,
        "default": BOOLEAN,
        "description?": TEXT,
        "labels?": {"*": TEXT},
        "supplier?": {"name?": TEXT},
        "workflow?": {"*": ANYTHING},
        "apps?": {"tax?": _APP, "invoicing?": _APP, "payment?": _APP},
    },
    UNDECLARED_APPS: {"id": TEXT, "type": TEXT, "name?": TEXT},
}
"""The forms of what is made again of the lists that no file can declare (catalog-facts.md §10, §12, §13)."""
_EVENT: Promise = {
    "event?": {"id": TEXT, "source": TEXT, "type": TEXT, "subject": TEXT, "time?": MOMENT, "specversion?": TEXT}
}
_PROMISED = promise_of(BALANCE)
_BALANCES: Promise = {"balances": _PROMISED["balances"]} if isinstance(_PROMISED, Mapping) else {}
_PARTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        name: {
            part.field: part.collection
            for part in (*known.parts, *((known.attachments.part,) if known.attachments else ()))
        }
        for name, known in _ROUTES.items()
    }
)
"""By kind, the paths of the lists that stand in a field of its rows."""


def check_line(line: bytes) -> None:
    """Raises ValueError for a line that no walk comes through, or no file can hold again."""
    if line.count(b"[") + line.count(b"{") > DEEPEST and _depth(json.loads(line)) > DEEPEST:
        raise ValueError("it is nested too deeply")
    if _HALVES.search(line):
        json.dumps(json.loads(line), ensure_ascii=False).encode()  # raises for half of a character


def check(item: Item, members: Members = EVERYTHING) -> None:
    """Raises ValueError for an item of another form than servers show, naming the field. Of rows of which only some
    members are kept, these are among what the API promises, and no more is looked at."""
    match item:
        case Row():
            _raise(item, _promise_broken(item) or (None if item.kind in members else _fault_of_row(item)))
        case Document(path=path, fields=fields):
            _raise(item, _fault_of_document(path, fields))
        case Listed(name=name, rows=rows):
            forms = _LISTED, _LISTS.get(name, {})
            _raise(item, _first(fault_in(form, row) for row in rows or () for form in forms))
        case CreditOf(credit=credit):
            _raise(item, fault_in(_BALANCES, {"balances": credit.balances}) or _fault_of_owed(credit))
        case Event(row=row):
            _raise(item, fault_in(_EVENT, row))


def check_whole(recovery: Recovery) -> None:
    """Raises ValueError for two rows with one id, for credit or a promise of what isn't there, and for a snapshot of
    another age."""
    if not all(OLDEST <= moment.year <= NEWEST for moment in (recovery.header.taken_at, recovery.header.finished_at)):
        raise ValueError("it was taken in a year that isn't one of this age")
    for kind, rows in recovery.live.rows.items():
        ids: set[str] = set()
        for row in rows:
            if row.id in ids:
                raise ValueError(f"there are two rows of the {kind} {row.id}")
            ids.add(row.id)
    for kind, names in (("customer", recovery.credit), ("subscription", recovery.promises)):
        if lacking := names.keys() - {row.id for row in recovery.live.of(kind)}:
            raise ValueError(f"there is no {kind} {min(lacking)}, of which it says more")


def _promise_broken(row: Row) -> str | None:
    if row.kind not in KINDS:
        return "billsync knows no such kind"
    if row.fields.get("id") != row.id:
        return "its fields have another id"
    promised = promise_to(_ROUTES[row.kind].collection, row.fields)
    return fault_in(promised, row.fields) if promised is not None else None


def _fault_of_row(row: Row) -> str | None:
    parts = ((row.fields.get(field), promise_of(path)) for field, path in _PARTS[row.kind].items())
    return (
        _first(fault_in((of,), value) for value, of in parts if value is not None and of is not None)
        or form_fault(KINDS[row.kind].record, row.fields)
        or _fault_of_spans(row.fields)
    )


def _fault_of_spans(fields: Fields) -> str | None:
    """The first period or length of a row, its phases, cards and add-ons that isn't longer than nothing."""
    level: list[Any] = [fields]
    while level:
        one = level.pop()
        if isinstance(one, Mapping):
            for name in SPANS & one.keys():
                if isinstance(text := one[name], str) and not _is_longer_than_nothing(text):
                    return f"{name} is no duration above zero"
            level += [one[name] for name in HOLDERS & one.keys()]
        elif isinstance(one, list):
            level += one
    return None


def _is_longer_than_nothing(text: str) -> bool:
    found = parse_duration(text)
    return found is not None and 0 < found.in_seconds() <= LONGEST


def _fault_of_owed(credit: Credit) -> str | None:
    """The first currency of which more is owed for features than in all, or less than nothing."""
    for code, parts in credit.owed.items():
        if any(amount <= ZERO for amount in parts.values()) or total(parts.values()) > credit.debts.get(code, ZERO):
            return f"it owes more {code} for features than in all, or less than nothing"
    return None


def _fault_of_document(path: str, fields: Mapping[str, Plain]) -> str | None:
    if not path.endswith("/billing"):
        return None
    data = fields.get(DATA)
    apps = data.values() if isinstance(data, Mapping) else ()
    return fault_in(_BILLING, fields) or _first(fault_in({}, one) for one in apps if one is not None)


def _raise(item: Item, fault: str | None) -> None:
    if fault is not None:
        raise ValueError(f"{_named(item)}: {fault}")


def _named(item: Item) -> str:
    match item:
        case Row(kind=kind, id=name):
            return f"{kind} {name}"
        case CreditOf(customer=name):
            return f"the credit of customer {name}"
        case Event(customer=name):
            return f"an event of customer {name}"
        case Document(path=path):
            return path
        case Listed(name=name):
            return f"the list of {name}"
    return "its line"


def _first(faults: Iterable[str | None]) -> str | None:
    return next((fault for fault in faults if fault), None)


def _depth(value: Plain) -> int:
    """The levels of a value, counted without recursion."""
    depth, level = 0, [value]
    while level:
        depth += 1
        inner = (one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list))
        level = [each for several in inner for each in several]
    return depth
