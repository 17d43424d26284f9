"""The content of a recovery snapshot's file: its items as lines of JSON, and back without loss.

Each line is an object with one member, whose name is the sort of the item. The first line says what the snapshot is,
the last how much is in it; the order of the others means nothing. How the lines are packed is `app/recovery_store.py`.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, TypeAlias

from billsync.core.forms import (
    COUNT,
    FLAG,
    LITERAL,
    MALFORMED,
    SHOWN,
    TEXT,
    Form,
    Member,
    many,
    map_of,
    optional,
    record,
)
from billsync.model.frozen import dataclass
from billsync.model.moment import moment_text, parse_moment
from billsync.model.recovery import Credit, Header, Promise, Recovery
from billsync.model.state import Row, Snapshot
from billsync.model.value import Fields, decimal_text

FORMAT_VERSION = "1.0"
HEAD, END, VERSION = "snapshot", "end", "format_version"
ROW, DOCUMENT, LIST, UNREAD, ABSENT = "row", "document", "list", "unread", "absent"
CREDIT, PROMISE, EVENT = "credit", "promise", "event"


class UnknownSnapshot(ValueError):
    """The lines aren't a recovery snapshot that this billsync can read; the message says why."""


class OtherFormat(UnknownSnapshot):
    """The lines are a recovery snapshot of another format, or of a newer one with something unknown in it."""


class CutShort(UnknownSnapshot):
    """The lines end before the snapshot does."""


class Edited(UnknownSnapshot):
    """A byte of the file isn't the one that was written."""


@dataclass(frozen=True, slots=True)
class Document:
    """A document that isn't a row, such as a customer's billing, by its path."""

    path: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Listed:
    """A list of what no file can declare: its rows, or the status with which the server refused it."""

    name: str
    rows: tuple[Fields, ...] | None = None
    refused: int | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """The reason why labels that rows of a kind hide could not be read."""

    kind: str
    why: str


@dataclass(frozen=True, slots=True)
class Absent:
    """A kind whose list the server doesn't have."""

    kind: str


@dataclass(frozen=True, slots=True)
class CreditOf:
    """The credit of a customer, by its id."""

    customer: str
    credit: Credit


@dataclass(frozen=True, slots=True)
class PromiseOf:
    """The promise of a subscription, by its id."""

    subscription: str
    promise: Promise


@dataclass(frozen=True, slots=True)
class Event:
    """A usage event of a running period, as the server shows it. `customer` is its customer's id."""

    customer: str
    row: Fields


Item: TypeAlias = Row | Document | Listed | Unread | Absent | CreditOf | PromiseOf | Event


def _read_moment(text: Any) -> datetime:
    moment = parse_moment(TEXT.read(text))
    if moment is None:
        raise ValueError(f"{text!r} is no time")
    return moment


def _read_number(text: Any) -> Decimal:
    number = Decimal(TEXT.read(text))
    if not number.is_finite():
        raise ValueError(f"{text!r} is no number")
    return number


_MOMENT = Form(moment_text, _read_moment, TEXT.schema)
_AMOUNTS = map_of(TEXT, Form(decimal_text, _read_number, TEXT.schema))
_SET = Form(sorted, lambda names: frozenset(many(TEXT).read(names)), many(TEXT).schema)

_BEGIN = record(
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
_MINOR = re.compile("[0-9]+[.][0-9]{1,9}", re.ASCII)
_KIND = re.compile(rb'\{"row":\{"kind":"([^"\\]*)"')
_LATE = ("finished_at", "moved")
"""Facts about the whole that are known at its end only."""

_CREDIT = record(
    Credit,
    "The credits of a customer.",
    {
        "balances": Member(many(SHOWN), "The server's rows of its balance, by currency."),
        "left": Member(_AMOUNTS, "What is left of each grant, by the grant's id."),
        "debts": Member(_AMOUNTS, "What was booked without credits to pay it, by currency."),
        "unexplained": Member(_AMOUNTS, "The server's balance less the computed one, by currency."),
        "unlisted": Member(_AMOUNTS, "What the server gave back or took without a movement, by currency."),
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
    },
)


def _named(member: str, inner: str, form: Form, make: type) -> Form:
    """The form of something of one entity: the entity's id stands among its members."""

    def write(value: Any) -> Mapping[str, Any]:
        return {member: getattr(value, member), **form.write(getattr(value, inner))}

    def read(value: Any) -> Any:
        return make(TEXT.read(value[member]), form.read({name: v for name, v in value.items() if name != member}))

    return Form(write, read, form.schema)


_FORMS: Mapping[str, tuple[type, Form]] = {
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
_SORTS = {make: sort for sort, (make, _) in _FORMS.items()}


def item_line(item: Item) -> bytes:
    """The line of an item."""
    if isinstance(item, Row) and (quick := _quick_row_line(item)):
        return quick
    sort = _SORTS[type(item)]
    return _line(sort, _FORMS[sort][1].write(item))


def credit_in(line: bytes) -> CreditOf | None:
    """The credit in a line; None in a line of another sort."""
    if _sort_of(line) != CREDIT:
        return None
    credit: CreditOf = _FORMS[CREDIT][1].read(_parsed(line, CREDIT))
    return credit


def row_in(line: bytes) -> Row:
    """The row of a line that was written here."""
    row: Row = _FORMS[ROW][1].read(_parsed(line, ROW))
    return row


def with_list(line: bytes, listed: bytes) -> bytes:
    """The line of a row with a list in its fields, from the list's line; as it is without rows."""
    found = _parsed(listed, LIST) if listed else {}
    if not found.get("rows"):
        return line
    row = _parsed(line, ROW)
    fields = row["fields"]
    (fields[LITERAL] if fields.keys() == {LITERAL} else fields)[found["name"]] = found["rows"]
    return _line(ROW, row)


def head_line(header: Header) -> bytes:
    """The first line."""
    facts = {name: fact for name, fact in _BEGIN.write(header).items() if name not in _LATE}
    return _line(HEAD, {VERSION: FORMAT_VERSION, **facts})


def end_line(header: Header, counts: Mapping[str, int]) -> bytes:
    """The last line: what is known at the end only, and the number of lines of each sort."""
    facts = _BEGIN.write(header)
    return _line(END, {**{name: facts[name] for name in _LATE}, "counts": dict(sorted(counts.items()))})


def _line(sort: str, content: Any) -> bytes:
    return json.dumps({sort: content}, separators=(",", ":")).encode() + b"\n"  # escapes keep halves of characters


def _sort_of(line: bytes) -> str:
    """The sort of a line. Raises ValueError for a line of another form."""
    return line[2 : line.index(b'"', 2)].decode()


def _quick_row_line(row: Row) -> bytes | None:
    """The line of a row whose fields are plain JSON, as most are; None for exact numbers, and names like our tags."""
    facts = {"kind": row.kind, "id": row.id, "parent_id": row.parent_id, "fields": row.fields}
    try:
        line = _line(ROW, facts)
    except TypeError:
        return None
    return None if b'"$' in line else line


def name_of_sort(line: bytes) -> str:
    """The kind of a row's line, the sort of any other."""
    kind = _KIND.match(line)
    return kind[1].decode() if kind else _sort_of(line)


def whole_lines(
    header: Header, lines: Iterable[bytes], finished: Callable[[], Header] | None = None
) -> Iterator[bytes]:
    """All lines of a file, from those of its items. `finished` gives the header as it is after the last of them."""
    yield head_line(header)
    counts: Counter[str] = Counter()
    for line in lines:
        counts[_sort_of(line)] += 1
        yield line
    yield end_line(finished() if finished else header, counts)


def lines_of(recovery: Recovery, events: Iterable[Event] = ()) -> Iterator[bytes]:
    """All lines of a file for a recovery snapshot in memory."""
    return whole_lines(recovery.header, map(item_line, chain(items_of(recovery), events)))


def items_of(recovery: Recovery) -> Iterator[Item]:
    """Everything in a recovery snapshot, but for its header."""
    live = recovery.live
    yield from (Unread(kind, why) for kind, why in live.unread.items())
    yield from (Absent(kind) for kind in sorted(live.absent))
    yield from (row for rows in live.rows.values() for row in rows)
    yield from (Document(path, fields) for path, fields in live.documents.items())
    for name, listed in recovery.undeclared.items():
        yield Listed(name, refused=listed) if isinstance(listed, int) else Listed(name, listed)
    yield from (CreditOf(customer, credit) for customer, credit in recovery.credit.items())
    yield from (PromiseOf(subscription, promise) for subscription, promise in recovery.promises.items())


def recovery_in(lines: Iterable[bytes]) -> Recovery:
    """The recovery snapshot in the lines of a file, without its usage events.

    Raises UnknownSnapshot, OtherFormat, CutShort.
    """
    rest = iter(lines)
    head = _line_in(rest)
    version = _version(head)
    try:
        return _recovery(_parsed(head, HEAD), rest)
    except MALFORMED as error:
        if _minor(version) > _minor(FORMAT_VERSION):
            newer = (
                f"it was made by a newer billsync ({_maker(head)}), and has something in it that this one doesn't know"
            )
            raise OtherFormat(f"{newer}: {_words(error)}") from error
        if isinstance(error, UnknownSnapshot):
            raise
        raise UnknownSnapshot(_words(error)) from error


def events_in(lines: Iterable[bytes]) -> Iterator[Event]:
    """The usage events in the lines of a file that was read before, one by one. Raises UnknownSnapshot."""
    for line in lines:
        if _sort_of(line) == EVENT:
            try:
                yield _FORMS[EVENT][1].read(_parsed(line, EVENT))
            except MALFORMED as error:
                raise UnknownSnapshot(_words(error)) from error


def _recovery(head: dict[str, Any], lines: Iterator[bytes]) -> Recovery:
    found, counts = _Gathered(), Counter[str]()
    while (sort := _sort_of(line := _line_in(lines))) != END:
        counts[sort] += 1
        form = _FORMS[sort][1]
        if sort != EVENT:
            found.take(form.read(_parsed(line, sort)))
    end = _parsed(line, END)
    if Counter({sort: COUNT.read(count) for sort, count in end.pop("counts").items()}) != counts:
        raise UnknownSnapshot("it doesn't have the lines that its last line counts")
    if next(lines, None) is not None:
        raise UnknownSnapshot("something follows its last line")
    return found.whole(_BEGIN.read({name: fact for name, fact in (head | end).items() if name != VERSION}))


def _line_in(lines: Iterator[bytes]) -> bytes:
    line = next(lines, None)
    if line is None:
        raise CutShort("it has no last line")
    return line


def _version(head: bytes) -> str:
    """The format version in the first line, if this billsync may be able to read it. Raises UnknownSnapshot."""
    try:
        version: str = TEXT.read(_parsed(head, HEAD)[VERSION])
    except MALFORMED as error:
        raise UnknownSnapshot(_words(error)) from error
    if version.partition(".")[0] != FORMAT_VERSION.partition(".")[0] or not _MINOR.fullmatch(version):
        raise OtherFormat(f"its format is {version!r}; this billsync knows {FORMAT_VERSION!r}")
    return version


def _minor(version: str) -> int:
    return int(version.partition(".")[2])


def _maker(head: bytes) -> str:
    return str(_parsed(head, HEAD).get("billsync"))


def _words(error: BaseException) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


def _parsed(line: bytes, sort: str) -> dict[str, Any]:
    content = json.loads(line, parse_float=_no_float, parse_constant=_no_float)[sort]
    if not isinstance(content, dict):
        raise TypeError(f"{sort!r} is no object")
    return content


def _no_float(text: str) -> Any:
    raise ValueError(f"{text} is a float")


class _Gathered:
    """The items of a file as they come in."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._documents: dict[str, Fields] = {}
        self._unread: dict[str, str] = {}
        self._absent: set[str] = set()
        self._undeclared: dict[str, tuple[Fields, ...] | int] = {}
        self._credit: dict[str, Credit] = {}
        self._promises: dict[str, Promise] = {}

    def take(self, item: Item) -> None:
        match item:
            case Row():
                self._rows[item.kind].append(item)
            case Document():
                self._documents[item.path] = item.fields
            case Listed():
                self._undeclared[item.name] = (item.rows or ()) if item.refused is None else item.refused
            case Unread():
                self._unread[item.kind] = item.why
            case Absent():
                self._absent.add(item.kind)
            case CreditOf():
                self._credit[item.customer] = item.credit
            case PromiseOf():
                self._promises[item.subscription] = item.promise
            case Event():
                raise TypeError("usage events aren't held in memory")

    def whole(self, header: Header) -> Recovery:
        """Everything that came, as one value."""
        rows = {kind: tuple(found) for kind, found in self._rows.items()}
        live = Snapshot(rows, {}, self._documents, header.taken_at, unread=self._unread, absent=frozenset(self._absent))
        return Recovery(header, live, self._undeclared, self._credit, self._promises)
