"""The forms of a recovery snapshot's header and items as JSON, with the sort that each item's line names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from billsync.core.views.forms import COUNT, FLAG, SHOWN, TEXT, Form, Member, many, map_of, optional, record
from billsync.model.limits import NUMBER_CHARACTERS
from billsync.model.moment import moment_text, parse_moment
from billsync.model.recovery import Credit, Header, Promise
from billsync.model.state import Row
from billsync.model.value import decimal_text
from billsync.report.recovery.snapshot.items import Absent, CreditOf, Document, Event, Listed, PromiseOf, Unread

ROW, DOCUMENT, LIST, UNREAD, ABSENT = "row", "document", "list", "unread", "absent"
CREDIT, PROMISE, EVENT = "credit", "promise", "event"


def _read_moment(text: Any) -> datetime:
    moment = parse_moment(TEXT.read(text))
    if moment is None:
        raise ValueError(f"{text!r} is no time")
    return moment


_AMOUNT = re.compile("-?[0-9]+([.][0-9]+)?", re.ASCII)


def _read_number(text: Any) -> Decimal:
    """An amount in plain digits: an exponent could make one that fills the memory."""
    if not _AMOUNT.fullmatch(TEXT.read(text)) or len(text) > NUMBER_CHARACTERS:
        raise ValueError(f"{text[:NUMBER_CHARACTERS]!r} is no amount")
    return Decimal(text)


_MOMENT = Form(moment_text, _read_moment, TEXT.schema)
_AMOUNTS = map_of(TEXT, Form(decimal_text, _read_number, TEXT.schema))
_SET = Form(sorted, lambda names: frozenset(many(TEXT).read(names)), many(TEXT).schema)

HEADER = record(
    Header,
    "The origin of the snapshot.",
    {
        "taken_at": Member(_MOMENT, "When the reading began, by the server's clock."),
        "finished_at": Member(_MOMENT, "When it ended; in the last line."),
        "target": Member(TEXT, "The server."),
        "dialect": Member(TEXT, "The dialect of its API."),
        "generation": Member(TEXT, "The full name of its API's generation."),
        "billsync": Member(TEXT, "The version of billsync that wrote it."),
        "moved": Member(many(TEXT), "What changed while it was read; in the last line."),
        "has_events": Member(FLAG, "Whether the usage events of the running periods are in it."),
    },
)
_CREDIT = record(
    Credit,
    "The credits of a customer.",
    {
        "balances": Member(many(SHOWN), "The server's rows of its balance, by currency."),
        "left": Member(_AMOUNTS, "What is left of each grant, by the grant's id."),
        "debts": Member(_AMOUNTS, "What was booked without credits to pay it, by currency."),
        "unexplained": Member(_AMOUNTS, "The server's balance less the computed one, by currency."),
        "unlisted": Member(_AMOUNTS, "What the server gave back or took without a movement, by currency."),
        "owed": Member(map_of(TEXT, _AMOUNTS), "The parts of debts for a feature, by currency and by its key."),
    },
)
_PROMISE = record(
    Promise,
    "The terms and dues of a subscription.",
    {
        "plan": Member(TEXT, "The plan's key."),
        "version": Member(optional(COUNT), "The plan's version."),
        "phase": Member(optional(TEXT), "The running phase."),
        "period_from": Member(optional(_MOMENT), "The start of the running period."),
        "period_to": Member(optional(_MOMENT), "Its end."),
        "ends_at": Member(optional(_MOMENT), "The end of the subscription."),
        "addons": Member(optional(map_of(TEXT, COUNT)), "Quantities of add-ons, by key."),
        "due": Member(optional(_AMOUNTS), "Everything that the period's end will charge, by currency."),
        "access": Member(optional(_SET), "The features that the customer may use."),
        "hidden": Member(optional(_AMOUNTS), "The part of `due` for what has changed within the period."),
        "early": Member(optional(_AMOUNTS), "What `due` would be more, or less, by the usage that a restore sends."),
    },
)


def _named(member: str, inner: str, form: Form, make: type) -> Form:
    """The form of something of one entity: the entity's id stands among its members."""

    def write(value: Any) -> Mapping[str, Any]:
        return {member: getattr(value, member), **form.write(getattr(value, inner))}

    def read(value: Any) -> Any:
        return make(TEXT.read(value[member]), form.read({name: v for name, v in value.items() if name != member}))

    return Form(write, read, form.schema)


FORMS: Mapping[str, tuple[type, Form]] = {
    ROW: (
        Row,
        record(
            Row,
            "A row.",
            {
                "kind": Member(TEXT, "Its kind."),
                "id": Member(TEXT, "Its id."),
                "parent_id": Member(optional(TEXT), "The id of what it belongs to, if its path has one."),
                "fields": Member(SHOWN, "Its fields, as the server showed them."),
            },
        ),
    ),
    DOCUMENT: (
        Document,
        record(
            Document,
            "A document.",
            {"path": Member(TEXT, "Its path."), "fields": Member(SHOWN, "Its fields.")},
        ),
    ),
    LIST: (
        Listed,
        record(
            Listed,
            "A list of what no file can declare.",
            {
                "name": Member(TEXT, "Its name."),
                "rows": Member(optional(many(SHOWN)), "Its rows."),
                "refused": Member(optional(COUNT), "The status with which the server refused it."),
            },
        ),
    ),
    UNREAD: (Unread, record(Unread, "Unknown labels.", {"kind": Member(TEXT, "Of it."), "why": Member(TEXT, "Why.")})),
    ABSENT: (Absent, record(Absent, "A missing list.", {"kind": Member(TEXT, "Its kind.")})),
    CREDIT: (CreditOf, _named("customer", "credit", _CREDIT, CreditOf)),
    PROMISE: (PromiseOf, _named("subscription", "promise", _PROMISE, PromiseOf)),
    EVENT: (
        Event,
        record(
            Event,
            "A usage event.",
            {"customer": Member(TEXT, "The customer's id."), "row": Member(SHOWN, "The event's row.")},
        ),
    ),
}
SORTS = {make: sort for sort, (make, _) in FORMS.items()}
