"""The form of one kind's live rows: a typed row for the decoder, and the comparison of a declaration with it.

Compiled from the kind's table, its routes and the API's promises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from operator import attrgetter
from typing import Any

import msgspec

from billsync.api import promises
from billsync.api.promises import Promise
from billsync.core.ownership import MANAGED_BY, OWNER
from billsync.core.sieve.comparing import Known, Same, same
from billsync.core.sieve.joint import WITHHELD, Exact, Joint, attributes_of, joint_kind
from billsync.core.sieve.typed import (
    NEVER,
    Uncompiled,
    attribute,
    is_compared,
    is_read,
    is_required,
    list_of,
    optional,
    promised,
    struct,
    type_of,
)
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Absent, Archetype, Kind, LabelPolicy, Names, State
from billsync.model.routes import Routes
from billsync.model.shape import LabelMap, Shape
from billsync.model.value import Fields, Plain

TIMING = "change"
"""The field of a chain that says when a change of it takes effect: it decides nothing while there is none."""

LIFE_ENDS = (State.OVER, State.TAKEN_BACK)

_ABSENT = msgspec.Raw(b"null")


@dataclass(frozen=True, slots=True)
class Form:
    """Typed rows of one kind. `decoders` are those of a page's rows, one for each form that the API promises, and
    `single` those of one row; `parts`
    are the fields that are compared by themselves, by their names in a file, and `skipped` those that are not;
    `barred` get those that no certain row has; `undeclared` are the fields that must be absent where no file says
    them."""

    kind: Kind
    decoders: tuple[msgspec.json.Decoder[Any], ...]
    single: tuple[msgspec.json.Decoder[Any], ...]
    parts: Mapping[str, tuple[Callable[[Any], Any], Same]]
    skipped: frozenset[str]
    barred: tuple[Callable[[Any], Any], ...]
    undeclared: tuple[tuple[str, Callable[[Any], Any], Same | None, Any], ...]
    joint: Joint | None
    claimed: tuple[tuple[str, Callable[[Any], Any]], ...]
    live: tuple[tuple[str, str], ...]

    def state(self, row: Any) -> State | None:
        """The state of a row; None for an unknown status, and for kinds without one."""
        return self.kind.statuses.get(row.status) if self.kind.status else None

    def is_over(self, row: Any) -> bool:
        """Whether a row has certainly ended, and is as the API promises."""
        return self.state(row) in LIFE_ENDS and (self.joint is None or self.joint.keeps(row))

    def equal(self, want: Fields, row: Any, owner: str | None) -> Address | bool:
        """Whether a declaration is certainly equal to a row of this owner; the live version that it pins, if it does.

        Its key and its state are not looked at.
        """
        labels = row.f_labels or {}
        if labels.get(OWNER) != owner or MANAGED_BY in labels:
            return False
        parts, skipped = self.parts, self.skipped
        for name, value in want.items():
            if (part := parts.get(name)) is None:
                if name not in skipped:
                    return False
            elif not part[1](value, part[0](row)):
                return False
        for name, get, alike, default in self.undeclared:
            if name not in want and (live := get(row)) is not None and not _is_default(default, alike, live):
                return False
        if self.barred and any(get(row) != _ABSENT for get in self.barred):
            return False
        return self.joint.compared(want, row) if self.joint else True

    def claims_others(self, want: Fields, row: Any) -> bool:
        """Whether a row may hold a name of its own that isn't declared."""
        return any(name not in want and get(row) is not None for name, get in self.claimed)

    def shown(self, row: Any) -> Fields:
        """The fields of a typed row that are in a view, by the API's names."""
        values = ((wire, getattr(row, own)) for wire, own in self.live)
        return {wire: _builtins(value) for wire, value in values if value is not None}


def _is_default(default: Plain, alike: Same | None, live: Any) -> bool:
    return default is not None and alike is not None and alike(default, live)


def _builtins(value: Any) -> Any:
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return {wire: _builtins(item) for wire, own in names if (item := getattr(value, own)) is not None}
    return [_builtins(item) for item in value] if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The facts of a run that comparisons need: live entities by id, the declared ones, and the reader of JSON."""

    names: Names
    known: Known
    exact: Exact


def form_of(
    kind: Kind,
    routes: Routes,
    promised_forms: Iterable[tuple[Mapping[str, Promise], frozenset[str]]],
    around: Surroundings,
    *,
    lacking: Collection[str] = (),
    aside: Collection[str] = (),
) -> Form:
    """The form of a kind's rows, of which the API has several, each with the names that show that a row isn't of it.

    `lacking` are fields that the server doesn't have, and those `aside` are compared
    elsewhere. Raises Uncompiled where some part of the kind can't be compared with certainty."""
    _check(kind)
    made = [_rows(kind, routes, promise, absent) for promise, absent in promised_forms]
    record = kind.record.fields
    compared = {name: known for name, known in record.items() if is_compared(known) and name not in kind.joint}
    compared.pop(kind.key, None)
    comparisons = {name: same(known.shape, around.known) for name, known in compared.items()}
    get = {name: attrgetter(attribute(name)) for name in compared}
    barred = frozenset.union(*(one.barred for one in made))
    skipped = {*kind.joint, kind.key, *aside, *((TIMING,) if kind.archetype is Archetype.CHAINED else ())} - {*lacking}
    default = kind.absent is Absent.DEFAULT
    return Form(
        kind,
        tuple(msgspec.json.Decoder(msgspec.defstruct("Rows", [("data", list_of(one.row))], gc=False)) for one in made),
        tuple(msgspec.json.Decoder(one.row) for one in made),
        {n: (get[n], alike) for n, alike in comparisons.items() if alike is not None and n not in {*barred, *lacking}},
        frozenset(skipped),
        tuple(attrgetter(attribute(name)) for name in sorted(barred)),
        tuple(
            (n, get[n], comparisons[n], known.default)
            for n, known in compared.items()
            if default and n not in barred and not isinstance(known.shape, LabelMap)
        ),
        _joint(kind, made, around),
        tuple((name, attrgetter(attribute(name))) for name in kind.claimed),
        tuple((known.wire or n, attribute(n)) for n, known in record.items() if is_compared(known) and n not in barred),
    )


def _check(kind: Kind) -> None:
    """Raises Uncompiled for tables with what is only right in the full code."""
    if kind.archetype is Archetype.VERSIONED or kind.labels not in (LabelPolicy.FIXED, LabelPolicy.MUTABLE):
        raise Uncompiled(kind.name)
    if "labels" not in kind.record.fields or kind.record.fields["labels"].wire or kind.mentions is not None:
        raise Uncompiled(kind.name)
    if (kind.read or kind.respell or kind.record.rules) and not kind.joint:
        raise Uncompiled(kind.name)
    merged = {name for name, known in kind.record.fields.items() if getattr(known.shape, "merged", False)}
    if (kind.claims is not None) != bool(kind.claimed) or merged & {*kind.claimed} or {*kind.joint} & {*kind.claimed}:
        raise Uncompiled(kind.name)


@dataclass(frozen=True, slots=True)
class _Rows:
    """A type of rows, the `row`; `barred` are fields of any type, which no certain row has, and `raw` the joint ones
    that are read when they are compared, each with its own type."""

    row: Any
    barred: frozenset[str]
    attributes: Mapping[str, str]
    raw: Mapping[str, Any]


def _rows(kind: Kind, routes: Routes, promise: Mapping[str, Promise], absent: frozenset[str]) -> _Rows:
    told = {name.removesuffix("?"): (of, name.endswith("?")) for name, of in promise.items()}
    gone, _ = told.pop("deleted_at", (promises.TEXT, True))
    fields: list[tuple[str, Any, Any]] = [
        ("id", str, msgspec.NODEFAULT),
        ("deleted_at", optional(promised(gone)), None),
    ]
    wires = {"id": "id", "deleted_at": "deleted_at", "bytes": " bytes"}
    told.pop("id", None)
    barred: set[str] = set()
    attributes: dict[str, str] = {}
    raw: dict[str, Any] = {}
    for own, wire in (("status", kind.status), ("parent", routes.parent_filter)):
        if wire is not None:
            told.pop(wire, None)
            fields.append((own, str, msgspec.NODEFAULT))
            wires[own] = wire
    for name, known in kind.record.fields.items():
        if not is_read(known):
            continue
        wire = known.wire or name
        if wire in absent:
            fields.append((attribute(name), NEVER, None))
            wires[attribute(name)] = wire
            if name in kind.joint:
                attributes[wire] = attribute(name)
            continue
        of, may_lack = told.pop(wire, (None, True))
        needed = is_required(known) or not may_lack
        is_joint = name in kind.joint
        form = _type_or_none(known.shape, of)
        if is_joint and (form is None or not _is_leaf(form)):
            raw.update({} if of is None else {wire: promised(of) if not may_lack else optional(promised(of))})
            form = None
        elif form is None:
            barred.add(name)
        form = msgspec.Raw if form is None else form
        is_raw = form is msgspec.Raw
        kept = form if needed or is_raw else optional(form)
        fields.append((attribute(name), kept, _ABSENT if is_raw else msgspec.NODEFAULT if needed else None))
        wires[attribute(name)] = wire
        if is_joint:
            attributes[wire] = attribute(name)
    for name in kind.joint:
        if name not in kind.record.fields:
            of, may_lack = told.pop(name, (promises.ANYTHING, True))
            form = promised(of)
            if not _is_leaf(form):
                raw.update({} if of == promises.ANYTHING else {name: optional(form) if may_lack else form})
                form = msgspec.Raw
            is_raw = form is msgspec.Raw
            kept = optional(form) if may_lack and not is_raw else form
            fields.append((f"j_{name}", kept, _ABSENT if is_raw else None if may_lack else msgspec.NODEFAULT))
            wires[f"j_{name}"] = name
            attributes[name] = f"j_{name}"
    for name, (of, may_lack) in told.items():
        form = promised(of)
        fields.append((f"p_{name}", optional(form) if may_lack else form, None if may_lack else msgspec.NODEFAULT))
        wires[f"p_{name}"] = name
    for name in sorted(absent):
        if name not in wires.values():
            fields.append((f"a_{name}", NEVER, None))
            wires[f"a_{name}"] = name
    fields.append(("bytes", Any, None))
    return _Rows(struct(kind.name.title(), fields, wires), frozenset(barred), attributes, raw)


def _type_or_none(shape: Shape, promise: Promise | None) -> Any:
    try:
        return type_of(shape, promise)
    except Uncompiled:
        return None


def _is_leaf(form: Any) -> bool:
    """Whether values of a type are texts or numbers, which need no second look."""
    origin = getattr(form, "__origin__", form)
    return origin in (str, int, bool) or (
        getattr(form, "__args__", None) is not None and all(isinstance(choice, str) for choice in form.__args__)
    )


def _joint(kind: Kind, made: list[_Rows], around: Surroundings) -> Joint | None:
    if not kind.joint:
        return None
    first = made[0]
    for one in made[1:]:
        if one.attributes != first.attributes:
            raise Uncompiled(f"{kind.name}: joint fields in one form of its rows alone")
    forms = {wire: msgspec.json.Decoder(form) for one in made for wire, form in one.raw.items()}
    own = joint_kind(kind)
    get = attributes_of([name for wire, name in first.attributes.items() if wire != WITHHELD])
    names, known = around.names, around.known
    return Joint(own, first.attributes, forms, names, known, around.exact, tuple(own.record.fields), get)
