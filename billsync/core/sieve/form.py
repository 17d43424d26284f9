"""The form of one kind's live rows: a typed row for the decoder, and the comparison of a declaration with it.

Compiled from the kind's table, its routes and the API's promises.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec

from billsync.api.promises import Promise
from billsync.core.observed.ownership import MANAGED_BY, OWNER
from billsync.core.sieve.columns import ABSENT, Columns, columns_of
from billsync.core.sieve.comparing import ByNames, Known, Same, is_default, same
from billsync.core.sieve.joint import WITHHELD, Exact, Joint, attributes_of, joint_kind
from billsync.core.sieve.looks import Looks
from billsync.core.sieve.typed import (
    Uncompiled,
    attribute,
    is_compared,
    list_of,
)
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.kind import Absent, Archetype, Kind, LabelPolicy, Names, State
from billsync.model.routes import Routes
from billsync.model.shape import LabelMap
from billsync.model.value import Fields

TIMING = "change"
"""The field of a chain that says when a change of it takes effect: it decides nothing while there is none."""

LIFE_ENDS = (State.OVER, State.TAKEN_BACK)


@dataclass(frozen=True, slots=True)
class Form:
    """Typed rows of one kind. `decoders` are those of a page's rows, one for each form that the API promises, and
    `single` those of one row; `parts`
    are the fields that are compared by themselves, by their names in a file, and `by_names` compares all that
    a declaration has of them;
    `barred` get those that no certain row has; `undeclared` are the fields that must be absent where no file says
    them; `keeps` tells whether a row keeps the promises that its decoder doesn't look at, if there are any; `columns`
    are those of each type of rows."""

    kind: Kind
    decoders: tuple[msgspec.json.Decoder[Any], ...]
    single: tuple[msgspec.json.Decoder[Any], ...]
    parts: Mapping[str, tuple[Callable[[Any], Any], Same]]
    by_names: ByNames
    barred: tuple[Callable[[Any], Any], ...]
    undeclared: tuple[tuple[str, Callable[[Any], Any], Same | None, Any], ...]
    joint: Joint | None
    claimed: tuple[tuple[str, Callable[[Any], Any]], ...]
    live: tuple[tuple[str, str], ...]
    keeps: Callable[[Any], bool] | None
    columns: Mapping[Any, Columns]

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
        if not self.by_names.of(want)(want, row):
            return False
        for name, get, alike, default in self.undeclared:
            if name not in want and (live := get(row)) is not None and not is_default(default, alike, live):
                return False
        if self.barred and any(get(row) != ABSENT for get in self.barred):
            return False
        return self.joint.compared(want, row) if self.joint else True

    def claims_others(self, want: Fields, row: Any) -> bool:
        """Whether a row may hold a name of its own that isn't declared."""
        return any(name not in want and get(row) is not None for name, get in self.claimed)

    def shown(self, row: Any) -> Fields:
        """The fields of a typed row that are in a view, by the API's names."""
        values = ((wire, getattr(row, own)) for wire, own in self.live)
        return {wire: _builtins(value) for wire, value in values if value is not None}


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
    made = [columns_of(kind, routes, promise, absent) for promise, absent in promised_forms]
    rows = [one.row for one in made]
    record = kind.record.fields
    compared = {name: known for name, known in record.items() if is_compared(known) and name not in kind.joint}
    compared.pop(kind.key, None)
    comparisons = {name: same(known.shape, around.known) for name, known in compared.items()}
    get = {name: attrgetter(attribute(name)) for name in compared}
    barred = frozenset().union(*(one.barred for one in made))
    skipped = {*kind.joint, kind.key, *aside, *((TIMING,) if kind.archetype is Archetype.CHAINED else ())} - {*lacking}
    certain = {n: alike for n, alike in comparisons.items() if alike is not None and n not in {*barred, *lacking}}
    default = kind.absent is Absent.DEFAULT
    return Form(
        kind,
        tuple(msgspec.json.Decoder(msgspec.defstruct("Rows", [("data", list_of(row))], gc=False)) for row in rows),
        tuple(map(msgspec.json.Decoder, rows)),
        {n: (get[n], alike) for n, alike in certain.items()},
        ByNames(certain, skipped),
        tuple(attrgetter(attribute(name)) for name in sorted(barred)),
        tuple(
            (n, get[n], comparisons[n], known.default)
            for n, known in compared.items()
            if default and n not in barred and not isinstance(known.shape, LabelMap)
        ),
        _joint(kind, made, around),
        tuple((name, attrgetter(attribute(name))) for name in kind.claimed),
        tuple((known.wire or n, attribute(n)) for n, known in record.items() if is_compared(known) and n not in barred),
        _keeping({row: Looks(one.looked_at) for row, one in zip(rows, made, strict=True) if one.looked_at}),
        dict(zip(rows, made, strict=True)),
    )


def _keeping(looks: Mapping[Any, Looks]) -> Callable[[Any], bool] | None:
    """The test of rows of several types by the looks of their parts."""
    return (lambda row: type(row) not in looks or looks[type(row)].are_kept(row)) if looks else None


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


def _joint(kind: Kind, made: Sequence[Columns], around: Surroundings) -> Joint | None:
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
