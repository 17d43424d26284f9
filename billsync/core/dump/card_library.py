"""Cards that are alike, as named ones in the library of a document: each is written once, and used by its name."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256

from billsync.core.dump.dump import HEADER, Dump
from billsync.core.dump.files import LIBRARY
from billsync.core.dump.selected import EXTERNAL
from billsync.model.frozen import replace
from billsync.model.kind import Registry
from billsync.model.shape import Lazy, ListOf, Record, Shape
from billsync.model.value import Fields, Plain, canonical

USE = "use"
CARDS = "rate_cards"
"""The name of every list of cards."""
KEY = "key"
"""The field of a card that its name in the library is made of; of a card that sells something it is the key of that."""
_DIGITS = 8


def with_library(dump: Dump, registry: Registry) -> Dump:
    """The dump whose cards that stand in it more than once are in the library, under names that their content gives.

    What the document declares stays the same.
    """
    counts: Counter[bytes] = Counter()
    cards: dict[bytes, Fields] = {}
    for card in _cards(dump.document, registry):
        content = canonical(card)
        counts[content] += 1
        cards[content] = card
    names = _names({content: card for content, card in cards.items() if counts[content] > 1})
    if not names:
        return dump
    library = {name: cards[content] for content, name in sorted(names.items(), key=lambda item: item[1])}

    def used(card: Fields) -> Fields:
        name = names.get(canonical(card))
        return card if name is None else {USE: name}

    kinds = {kind.collection: kind for kind in registry.values() if _has_cards(kind.record)}
    document: dict[str, Plain] = {name: dump.document[name] for name in (HEADER, EXTERNAL) if name in dump.document}
    document[LIBRARY] = library
    for name, part in dump.document.items():
        if name not in document:
            document[name] = [_mapped(kinds[name].record, entry, used) for entry in part] if name in kinds else part
    return replace(dump, document=document)


def _names(cards: Mapping[bytes, Fields]) -> Mapping[bytes, str]:
    """A name for each card, by its content. Cards that would have the same one get digits of their digest."""
    same: dict[str, list[bytes]] = defaultdict(list)
    for content, card in cards.items():
        same[str(card[KEY])].append(content)
    taken = set(same)
    found: dict[bytes, str] = {}
    for base, contents in sorted(same.items()):
        for content in sorted(contents):
            found[content] = base if len(contents) == 1 else _with_digits(base, content, taken)
    return found


def _with_digits(base: str, content: bytes, taken: set[str]) -> str:
    """A name that no other card has."""
    digest = sha256(content).hexdigest()
    name = next(name for end in range(_DIGITS, len(digest)) if (name := f"{base}_{digest[:end]}") not in taken)
    taken.add(name)
    return name


def _cards(document: Fields, registry: Registry) -> Iterator[Fields]:
    found: list[Fields] = []

    def gather(card: Fields) -> Fields:
        found.append(card)
        return card

    for kind in registry.values():
        for entry in document.get(kind.collection, ()) if _has_cards(kind.record) else ():
            _mapped(kind.record, entry, gather)
    yield from found


def _has_cards(record: Record) -> bool:
    return CARDS in record.fields or any(_has_cards(inner) for _, inner in _lists(record))


def _lists(record: Record) -> Iterator[tuple[str, Record]]:
    """The lists of records in a record, by name."""
    for name, field in record.fields.items():
        item = _item(field.shape)
        if item is not None:
            yield name, item


def _item(shape: Shape) -> Record | None:
    if isinstance(shape, ListOf) and not isinstance(shape.item, Lazy) and isinstance(shape.item, Record):
        return shape.item
    return None


def _mapped(record: Record, fields: Fields, change: Callable[[Fields], Fields]) -> dict[str, Plain]:
    """The fields with every card in them changed."""
    found = dict(fields)
    for name, inner in _lists(record):
        if name in found:
            found[name] = [change(one) if name == CARDS else _mapped(inner, one, change) for one in found[name]]
    return found
