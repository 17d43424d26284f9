"""Members that are equal and still matter: they share a trait with something new, which may be the same under another
key (`core.changes.likeness`), or name something that goes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from billsync.core.changes.likeness import SHARED_AT_MOST, begun_again
from billsync.core.observed.index import Index
from billsync.core.sieve.form import Form
from billsync.core.sieve.joint import Exact
from billsync.core.sieve.rows import Seen
from billsync.core.views.normalize import normalize
from billsync.model.address import Address
from billsync.model.kind import Registry, Trait
from billsync.model.state import Desired
from billsync.model.value import leaves

_PLAIN = re.compile("[0-9A-Za-z]+")
_ANY = r'[^"\\]*'


def traits_of_new(desired: Desired, found: Index, registry: Registry, root: str) -> frozenset[Trait]:
    """The traits, declared and live, of entities of a kind that are new or get something new."""
    kind = registry[root]
    if kind.traits is None:
        return frozenset()
    entities = {entity.address: entity for entity in desired.entities}
    traits: set[Trait] = set()
    for address in begun_again(desired, found, registry):
        parent = registry[address.kind].parent
        whose = Address(parent.kind, address.parents) if parent else address
        if whose.kind == root:
            if whose in entities:
                traits |= kind.traits(normalize(kind, entities[whose].fields))
            if whose in found.records:
                traits |= kind.traits(found.records[whose].fields)
    return frozenset(traits)


def sharing(form: Form, rows: Mapping[str, Seen], traits: Collection[Trait]) -> frozenset[str]:
    """The keys of rows that share one of these traits. Of a trait of very many, as many as make it tell nothing."""
    if not traits or form.kind.traits is None:
        return frozenset()
    wanted, counts, found = frozenset(traits), Counter[Trait](), set[str]()
    for key, row in rows.items():
        shared = wanted & form.kind.traits(form.shown(_typed(form, row)))
        if any(counts[trait] <= SHARED_AT_MOST for trait in shared):
            found.add(key)
            counts.update(shared)
    return frozenset(found)


def _typed(form: Form, row: Seen) -> Any:
    """The typed row again."""
    assert row.bytes is not None
    for decoder in form.single:
        try:
            return decoder.decode(row.bytes)
        except msgspec.DecodeError:
            continue
    raise AssertionError("a row that was decoded once")


def naming(ids: Collection[str], exact: Exact) -> Callable[[bytes | msgspec.Raw], bool]:
    """A test whether one of these ids stands anywhere in a row."""
    if not ids:
        return lambda raw: False
    wanted = frozenset(ids)
    encoded = {server_id.encode() for server_id in ids}
    texts = re.compile(f'"({_form_of(wanted)})"'.encode())

    def is_named(raw: bytes | msgspec.Raw) -> bool:
        text = bytes(raw)
        if b"\\" in text:
            return any(leaf in wanted for leaf in leaves(exact(text)) if isinstance(leaf, str))
        return not encoded.isdisjoint(texts.findall(text))

    return is_named


def _form_of(ids: Collection[str]) -> str:
    """A pattern of each of these ids that few other texts have, as most differ from an id in their first characters.

    Between two texts of a row stands a character that no id in this form has, so that none is missed.
    """
    characters = "".join(sorted(frozenset().union(*ids)))
    if not _PLAIN.fullmatch(characters):
        return _ANY
    lengths = {len(server_id) for server_id in ids}
    return f"[{characters}]{{{min(lengths)},{max(lengths)}}}"
