"""Shapes: what a field's value may be, as data. They drive schemas, normalizing, comparing and request bodies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from decimal import Decimal
from enum import Enum
from typing import TypeAlias

from billsync.model.frozen import dataclass
from billsync.model.value import Fields, Plain


class Wire(Enum):
    """Forms of a number or a reference in the API's JSON."""

    TEXT = "text"  # "0.002"; a reference: the key itself
    NUMBER = "number"  # 12.5
    ID = "id"  # {"id": "01…"}
    BARE = "bare"  # the id itself: "01…"


class Pseudonym(Enum):
    """The forms of what stands for a text where personal data may not be shown."""

    NAME = "name"  # anon_4f7k…, also a key
    EMAIL = "e-mail"
    JSON_PATH = "path"  # $.anon_4f7k…
    COUNTRY = "country"  # a code that no country has
    CURRENCY = "currency"  # an ordinary code stays, as it names nobody
    DIGEST = "digest"
    STRIPE = "stripe"  # txcd_ and digits where the text is one


@dataclass(frozen=True, slots=True)
class Text:
    """A text. `choices` makes it an enumeration; `clearable`: `""` is how the API clears it, and equals absent.

    Whatever is no choice may be personal data: `pseudonym` is the form of what stands for it.
    """

    minimum: int = 0
    maximum: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    clearable: bool = False
    pseudonym: Pseudonym = Pseudonym.NAME


@dataclass(frozen=True, slots=True)
class Number:
    """An exact decimal. `bits`: the server keeps it in a float of that many bits, so it must fit exactly."""

    minimum: Decimal | None = None
    above: Decimal | None = None
    maximum: Decimal | None = None
    wire: Wire = Wire.TEXT
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number; `words` may stand in its place."""

    minimum: int | None = None
    maximum: int | None = None
    words: tuple[str | bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false."""


@dataclass(frozen=True, slots=True)
class Duration:
    """An ISO 8601 duration. `choices` compares as text after dropping zero parts (catalog-facts.md §7.4)."""

    choices: tuple[str, ...] = ()
    positive: bool = False


@dataclass(frozen=True, slots=True)
class Timestamp:
    """An RFC 3339 time; a view holds it as text in UTC, cut to seconds or microseconds. `words` may stand in its
    place."""

    seconds: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LabelMap:
    """Labels, with the server's real rule for keys and values (catalog-facts.md §1.5).

    `hidden`: they are shown by another API, if by any, so billsync's own among them are sent and never compared.
    """

    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to an entity of `kind` by its key; a view holds a Symbol.

    `decides` are the fields of that entity on which the referring one is decided: if they have changed since, a plan
    file no longer fits.
    """

    kind: str
    wire: Wire = Wire.ID
    decides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value but null, taken as it is."""


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list. With `key`, members are matched by that field; with `as_set`, their order means nothing.

    `ordered_by_key`: members must ascend by their key, and one without it (an open end) comes last.
    """

    item: Shape
    key: str | None = None
    as_set: bool = False
    unique: bool = False
    ordered_by_key: bool = False
    minimum: int = 0
    maximum: int | None = None


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map from free keys to values of one shape."""

    value: Shape
    key_pattern: str | None = None
    maximum: int | None = None


class FieldEffect(Enum):
    """Effects of a changed field: the calls that bring it to the server (design.md §5)."""

    IDENTITY = "identity"  # names the entity: another value is another entity
    IN_PLACE = "in-place"
    NEW_VERSION = "new-version"
    IMMUTABLE = "immutable"  # refused, with the way out
    CHANGE = "change"  # a chained entity's change
    OURS = "ours"  # not in the API's bodies; never compared
    ONE_WAY = "one-way"  # reached by a call of its own, and never undone; not in the API's bodies
    ATTACHED = "attached"  # rows below a link of a chain, changed each by itself (core/observed/attached.py)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    `default` is what absence means (already canonical); `refused` the reason why a value can't be declared;
    `clear` the reason why a live value can't be removed; `derived` marks a field that a record's rules fill when
    it is absent; `wire` is the API's name where it differs; `sent_empty` is what an update sends for an absent
    value, where leaving the field out would keep the live one; `unshown`: a row may lack it although it is required;
    `taken` is the field on servers whose requests have it, where others don't; `undigested`: it is no part of a
    version's content, as not every server keeps it.
    """

    shape: Shape
    doc: str
    effect: FieldEffect = FieldEffect.IN_PLACE
    required: bool = False
    default: Plain = None
    refused: str | None = None
    clear: str | None = None
    derived: bool = False
    wire: str | None = None
    sent_empty: Plain = None
    unshown: bool = False
    example: Plain = None
    taken: Field | None = None
    undigested: bool = False


Rule: TypeAlias = Callable[[Fields], Fields]
"""Takes a record's canonical fields and returns them with what depends on other fields filled in or dropped."""


@dataclass(frozen=True, slots=True)
class Record:
    """A map with known fields. `short`: a plain text stands for a record with this one field.

    `rules` run after the fields are canonical, in order; each is idempotent and only adds fields. `ruled` are the
    fields that the rules read or fill, where these are few; empty, they may read any. `merged`: where
    absent means *not managed*, that holds for each of its fields by itself.
    """

    fields: Mapping[str, Field]
    short: str | None = None
    rules: tuple[Rule, ...] = ()
    ruled: tuple[str, ...] = ()
    exactly_one: bool = False
    merged: bool = False
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Variant:
    """A record whose `tag` field chooses its other fields."""

    tag: str
    cases: Mapping[str, Record]
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Lazy:
    """A shape that contains itself: asked for when needed."""

    name: str
    get: Callable[[], Shape] = field(repr=False)


Shape: TypeAlias = (
    Text
    | Number
    | Integer
    | Boolean
    | Duration
    | Timestamp
    | LabelMap
    | Reference
    | Anything
    | ListOf
    | MapOf
    | Record
    | Variant
    | Lazy
)
