"""A dump with pseudonyms for everything that may name somebody: money, times and structure stay.

Whatever isn't known to be harmless gets a pseudonym: a new field of a kind does, unless its table says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from billsync.core.dump.dump import HEADER, Dump, commented
from billsync.core.dump.losses import Loss
from billsync.core.dump.selected import EXTERNAL, collections_of, entities_in
from billsync.core.secrets.disguise import Disguise
from billsync.core.secrets.pseudonyms import Pseudonyms
from billsync.kinds.registry import LATER_COLLECTIONS
from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.said import Said, Telling, Word
from billsync.model.state import Entity
from billsync.model.value import Fields
from billsync.model.walk import Walk

OWNER = "owner"


def sanitized(dump: Dump, names: Pseudonyms, registry: Registry) -> Dump:
    """The dump with pseudonyms in its document and in the sentences about its losses."""
    writer = _Writer(names, registry, dump.own, Walk(Disguise(names, dump.own).rules()))
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
    walk: Walk

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
        return address._replace(names=(*parents, key))

    def entity(self, entity: Entity) -> Entity:
        """An entity of pseudonyms."""
        kind, address = self.registry[entity.address.kind], self.address(entity.address)
        fields = self.walk(kind.record, entity.fields)
        return replace(entity, address=address, fields={**fields, kind.key: address.key})

    def loss(self, loss: Loss) -> Loss:
        """A loss of pseudonyms."""
        telling = Telling(self.names.name, lambda address: self.address(address).text, lambda quote: quote.instead)
        said = Said("{text}", {"text": Word(loss.said.shown(telling))})
        return replace(loss, said=said, partly=None, address=self.address(loss.address) if loss.address else None)
