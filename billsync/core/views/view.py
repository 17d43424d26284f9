"""Live rows and wanted fields as comparable views, and views as request bodies.

Pure. A view holds the managed fields in canonical form, with Symbols for references, and without ids, server times and
status.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from billsync.core.views.hidden_fields import merged_inside
from billsync.core.views.normalize import canonical_record, sorted_canonical
from billsync.model.address import Address, Symbol
from billsync.model.kind import Absent, Kind, LabelPolicy, Names
from billsync.model.labels import OURS, RESTORED
from billsync.model.routes import Part
from billsync.model.shape import (
    Field,
    FieldEffect,
    LabelMap,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Wire,
)
from billsync.model.value import Fields, Plain, decimal_text
from billsync.model.walk import Rules, Walk, is_map

SERVERS = "openmeter_"
UNKNOWN = "?"
"""Beginning of the key of a reference to something unknown, so that it equals no declared one."""


def view(kind: Kind, row: Fields, names: Names, compared_with: Fields | None = None) -> Fields:
    """A live row as a view.

    `compared_with` is the view to compare with: where both mean the same, the result takes its spelling. An id missing
    from `names` becomes a reference to an unknown key.
    """
    raw = kind.read(row, names) if kind.read else row
    seen: Fields = sorted_canonical(kind.record, canonical_record(kind.record, _read(kind.record, raw, names)))
    seen = _compared(kind.record, seen)
    if kind.respell is None or compared_with is None:
        return seen
    spelled = kind.respell(compared_with, seen, row)
    if kind.restored and RESTORED in (row.get("labels") or {}):
        spelled = kind.restored(compared_with, spelled, row)
    respelled: Fields = sorted_canonical(kind.record, spelled)
    return respelled


def _compared(record: Record, fields: Fields) -> Fields:
    shown = _shown(record)
    return {name: value for name, value in fields.items() if name in shown}


def _is_aside(field: Field) -> bool:
    """Whether a field is never in a view: it isn't in the entity's own row, or can't be declared."""
    return field.effect in (FieldEffect.OURS, FieldEffect.ONE_WAY, FieldEffect.ATTACHED) or field.refused is not None


_SHOWN: dict[int, tuple[Record, frozenset[str]]] = {}
"""By the identity of their record, which is kept alive with them."""


def _shown(record: Record) -> frozenset[str]:
    """The fields that are in a view."""
    if (found := _SHOWN.get(id(record))) is None:
        names = frozenset(name for name, field in record.fields.items() if not _is_aside(field))
        found = _SHOWN[id(record)] = (record, names)
    return found[1]


def _named(record: Record, row: Plain) -> Plain:
    """A record's values by their names in a file, as far as they are in a view."""
    if not is_map(row):
        return row
    return {name: row[wire] for name, wire in _wires(record) if row.get(wire) is not None}


_WIRES: dict[int, tuple[Record, tuple[tuple[str, str], ...]]] = {}
"""By the identity of their record, which is kept alive with them."""


def _wires(record: Record) -> tuple[tuple[str, str], ...]:
    """The fields that are in a view, by their names in a file and in the API."""
    if (found := _WIRES.get(id(record))) is None:
        wires = ((name, field.wire or name) for name, field in record.fields.items() if not _is_aside(field))
        found = _WIRES[id(record)] = (record, tuple(wires))
    return found[1]


def _read(shape: Shape, value: Plain, names: Names) -> Plain:
    """A value from the API's shape into the file's, with Symbols for ids."""
    global _reading
    known = _reading
    if known is None or known[0] is not names:
        known = _reading = (names, _reading_with(names))
    return known[1](shape, value)


_reading: tuple[Names, Walk] | None = None
"""The walk of the names that were used last: one mapping serves many rows."""


def _reading_with(names: Names) -> Walk:
    rules: Rules = {
        Reference: lambda shape, value: _read_reference(shape, value, names),
        LabelMap: lambda shape, value: _read_labels(shape, value, names),
    }
    return Walk(rules, {Record: _named})


def _read_reference(shape: Reference, value: Plain, names: Names) -> Symbol:
    if shape.wire is Wire.TEXT:
        return Symbol(Address(shape.kind, (str(value),)))
    server_id = str(value if shape.wire is Wire.BARE else value.get("id"))
    return Symbol(names.get(server_id) or Address(shape.kind, (UNKNOWN + server_id,)))


def _read_labels(shape: LabelMap, labels: Plain, names: Names) -> Plain:
    """Labels without the server's own. In billsync's labels, known ids become Symbols; if the kind hides labels,
    billsync's are left out."""
    if not isinstance(labels, Mapping):
        return labels
    return {
        name: Symbol(names[value]) if name.startswith(OURS) and value in names else value
        for name, value in labels.items()
        if not name.startswith(SERVERS) and not (shape.hidden and name.startswith(OURS))
    }


def complete(kind: Kind, want: Fields, have: Fields | None, added: Mapping[str, Plain]) -> Fields:
    """The whole view that an entity must have afterwards.

    `want` is normalized, `have` the live view. Labels are merged over the live ones; where absent means *not
    managed*, so is everything that `want` doesn't name, and null removes. `added` are labels that a new entity gets.
    """
    record, live = kind.record, have or {}
    shown = _shown(record)
    wanted = {name: value for name, value in want.items() if name in shown}
    kept = live if kind.absent is Absent.NOT_MANAGED else {}
    fields = {**kept, **{name: _over(record.fields[name], live.get(name), value) for name, value in wanted.items()}}
    if kind.labels is LabelPolicy.HIDDEN:
        fields = {name: merged_inside(record.fields[name].shape, live.get(name), item) for name, item in fields.items()}
    for name, field in record.fields.items():
        if isinstance(field.shape, LabelMap):
            fields[name] = {**(live.get(name) or {}), **(wanted.get(name) or {}), **(added if have is None else {})}
    whole: Fields = sorted_canonical(record, {k: v for k, v in fields.items() if v is not None and v != {}})
    return whole


def _over(field: Field, live: Plain, wanted: Plain) -> Plain:
    """A wanted value over a live one: part by part in a merged record, else whole."""
    if not (isinstance(field.shape, Record) and field.shape.merged and isinstance(wanted, Mapping)):
        return wanted
    merged = {**(live or {}), **wanted}
    return {name: value for name, value in merged.items() if value is not None}


def body(kind: Kind, fields: Fields, names: tuple[str, ...], parent: Address | None = None) -> Fields:
    """A request body with the named fields of a view, in the API's shape; references are Symbols in it.

    Maps, and lists that may be empty, are always sent whole. An update (a body without the key) explicitly empties
    fields that the server would otherwise keep. `parent` is sent by id if `names` has the kind's parent.
    """
    is_update = kind.key not in names
    sent = dict(_sent(kind.record, fields, names, is_update=is_update))
    if parent is not None and kind.parent is not None and kind.parent.kind in names:
        sent[kind.parent.kind] = {"id": Symbol(parent)}
    return sent


def part_body(kind: Kind, part: Part, member: Fields) -> Fields:
    """The request body that makes one member of a part list, without the name that the API wants and forgets."""
    shape = kind.record.fields[part.field].shape
    assert isinstance(shape, ListOf)
    assert isinstance(shape.item, Record)
    return dict(_sent(shape.item, member, part.create, is_update=False))


def _sent(record: Record, fields: Fields, names: tuple[str, ...], *, is_update: bool) -> Iterable[tuple[str, Plain]]:
    shown = _shown(record)
    for name in names:
        if name not in shown:
            continue
        field = record.fields[name]
        if fields.get(name) is not None:
            yield field.wire or name, written(field.shape, fields[name])
        elif isinstance(field.shape, LabelMap | MapOf):
            yield field.wire or name, {}
        elif _may_be_empty(field.shape):
            yield field.wire or name, ()
        elif is_update and field.sent_empty is not None:
            yield field.wire or name, field.sent_empty


def _may_be_empty(shape: Shape) -> bool:
    return isinstance(shape, ListOf) and shape.minimum == 0


def written(shape: Shape, value: Plain) -> Plain:
    """A canonical value in the API's shape."""
    return _writing(shape, value)


def _write_record(record: Record, value: Plain) -> Plain:
    """A record in the API's shape; a list that the API requires is in it, also when it is empty."""
    if not isinstance(value, Mapping):
        return value
    known = record.fields
    sent = {
        known[name].wire or name: item for name, item in value.items() if name in known and not _is_aside(known[name])
    }
    lists = (field.wire or name for name, field in known.items() if field.required and _may_be_empty(field.shape))
    return {**dict.fromkeys(lists, ()), **sent}


def _write_number(shape: Number, value: Plain) -> Plain:
    return decimal_text(value) if shape.wire is Wire.TEXT and isinstance(value, Decimal) else value


def _write_reference(shape: Reference, value: Plain) -> Plain:
    key = value.address.key if isinstance(value, Symbol) else value
    match shape.wire:
        case Wire.TEXT | Wire.NUMBER:
            return key
        case Wire.BARE:
            return value
        case Wire.ID:
            return {"id": value}


_WRITTEN: Rules = {Record: _write_record, Number: _write_number, Reference: _write_reference}
_writing = Walk(_WRITTEN)
