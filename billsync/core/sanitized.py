"""A dump with pseudonyms for everything that may name somebody: money, times and structure stay.

Whatever isn't known to be harmless gets a pseudonym: a new field of a kind does, unless its table says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Set
from decimal import Decimal
from typing import Any

from billsync.core.dump import HEADER, Dump, commented
from billsync.core.dump_selected import EXTERNAL, collections_of, entities_in
from billsync.core.losses import Loss
from billsync.core.pseudonyms import Pseudonyms
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.address import Address
from billsync.model.duration import parse_duration
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.moment import parse_moment
from billsync.model.said import Said, Telling, Word
from billsync.model.shape import (
    Anything,
    Boolean,
    Duration,
    Integer,
    LabelMap,
    ListOf,
    MapOf,
    Number,
    Record,
    Reference,
    Shape,
    Text,
    Timestamp,
    Variant,
)
from billsync.model.state import Entity
from billsync.model.value import Fields, Plain
from billsync.model.walk import Rules, case_of, transform

OWNER = "owner"


def sanitized(dump: Dump, names: Pseudonyms, registry: Registry) -> Dump:
    """The dump with pseudonyms in its document and in the sentences about its losses."""
    writer = _Writer(names, registry, dump.own)
    entities = sorted(map(writer.entity, entities_in(dump.document, registry)), key=lambda one: one.address.order)
    document = {
        **writer.header(dump.document.get(HEADER, {})),
        **writer.external(dump.document.get(EXTERNAL, {})),
        **collections_of(entities, registry),
    }
    return commented(document, map(writer.loss, dump.losses), registry, dump.own)


@dataclass(frozen=True, slots=True)
class _Writer:
    """The way from live texts to pseudonyms. `own` are entities that every server has, under the same names."""

    names: Pseudonyms
    registry: Registry
    own: Set[Address]

    def header(self, header: Fields) -> Fields:
        """The header; what it was selected by says nothing of any other server."""
        return {HEADER: {OWNER: self.names.name(header[OWNER])}} if OWNER in header else {}

    def external(self, external: Mapping[str, Iterable[str]]) -> Fields:
        """The keys that are only referred to."""
        kinds = {**LATER_COLLECTIONS, **{kind.collection: kind.name for kind in self.registry.values()}}
        found = {
            name: sorted(self.address(Address(kinds[name], (key,))).key for key in keys)
            for name, keys in external.items()
        }
        return {EXTERNAL: found} if found else {}

    def address(self, address: Address) -> Address:
        """An address of pseudonyms."""
        if address.unversioned() in self.own:
            return address
        kind = self.registry.get(address.kind)
        kept = kind.default_key if kind else None
        parents = tuple(map(self.names.name, address.parents))
        key = address.key if address.parents and address.key == kept else self.names.name(address.key)
        return replace(address, names=(*parents, key))

    def entity(self, entity: Entity) -> Entity:
        """An entity of pseudonyms."""
        kind, address = self.registry[entity.address.kind], self.address(entity.address)
        fields = transform(kind.record, entity.fields, _rules(self.names, self.own))
        return replace(entity, address=address, fields={**fields, kind.key: address.key})

    def loss(self, loss: Loss) -> Loss:
        """A loss of pseudonyms."""
        telling = Telling(self.names.name, lambda address: self.address(address).text, lambda quote: quote.instead)
        said = Said("{text}", {"text": Word(loss.said.shown(telling))})
        return replace(loss, said=said, address=self.address(loss.address) if loss.address else None)


def _rules(names: Pseudonyms, own: Set[Address]) -> Rules:
    """The ways of values, by their shapes."""

    def text(shape: Text, value: Plain) -> Plain:
        return names.of(value, shape.pseudonym) if isinstance(value, str) and value not in shape.choices else value

    def reference(shape: Reference, value: Plain) -> Plain:
        is_own = isinstance(value, str) and Address(shape.kind, (value,)) in own
        return value if is_own else _hidden(names, value)

    def fields(record: Record, value: Plain) -> Plain:
        if not isinstance(value, Mapping):
            return _hidden(names, value)
        known = {name for name, field in record.fields.items() if not field.refused}
        return {name: item if name in known else _hidden(names, item) for name, item in value.items()}

    def variant(shape: Variant, value: Plain) -> Plain:
        return value if case_of(shape, value) else _hidden(names, value)

    def table(shape: MapOf, value: Plain) -> Plain:
        if not _is_map(value):
            return _hidden(names, value)
        return dict(sorted((names.name(name), item) for name, item in value.items()))

    def members(shape: ListOf, value: Plain) -> Plain:
        if not isinstance(value, tuple):
            return _hidden(names, value)
        if not shape.as_set:
            return value
        return tuple(sorted(value, key=lambda one: str(one[shape.key]) if shape.key and _is_map(one) else str(one)))

    def plain(is_known: Callable[[Any, str], bool]) -> Callable[[Shape, Plain], Plain]:
        def kept(shape: Shape, value: Plain) -> Plain:
            return value if not isinstance(value, str) or is_known(shape, value) else _hidden(names, value)

        return kept

    return {
        Text: text,
        Reference: reference,
        Record: fields,
        Variant: variant,
        MapOf: table,
        ListOf: members,
        LabelMap: lambda _, value: _hidden(names, value),
        Anything: lambda _, value: _hidden(names, value),
        Duration: plain(lambda _, value: parse_duration(value) is not None),
        Timestamp: plain(lambda shape, value: value in shape.words or parse_moment(value) is not None),
        Integer: plain(lambda shape, value: value in shape.words),
        Number: plain(lambda _, value: False),
        Boolean: plain(lambda _, value: False),
    }


def _is_map(value: Plain) -> bool:
    return isinstance(value, Mapping)


def _hidden(names: Pseudonyms, value: Plain) -> Plain:
    """Any value with pseudonyms for all texts in it, the names of members among them."""
    if isinstance(value, str):
        return names.name(value)
    if isinstance(value, Mapping):
        return dict(sorted((names.name(name), _hidden(names, item)) for name, item in value.items()))
    if isinstance(value, list | tuple):
        return [_hidden(names, item) for item in value]
    if value is None or isinstance(value, bool | int | Decimal):
        return value
    raise TypeError(f"a dump can't hold {type(value).__name__}")
