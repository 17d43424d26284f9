"""billsync's own labels, which record an entity's owner and key where the API has no better place for them.

Source: design.md §4.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from billsync.model.address import Address, Symbol
from billsync.model.globs import Patterns
from billsync.model.kind import Kind, LabelPolicy
from billsync.model.labels import MOST, OURS
from billsync.model.moment import parse_moment
from billsync.model.state import Desired, Row
from billsync.model.value import Fields, Plain

OWNER = f"{OURS}owner"
KEY = f"{OURS}key"
RESTART = f"{OURS}restart"
ENDING = f"{OURS}ends"
"""The label of a link that is to end, as its file said when it began: a call of its own sets the end afterwards."""
LABELS = "labels"
AT_ONCE = timedelta(milliseconds=1)
"""Longest time between the two times of a row that was only made: they may differ by a microsecond."""
MANAGED_BY = "openmeter_managed_by"
"""The server's label on what it made for itself and refuses to change (catalog-facts.md §2, §6.2)."""


def pin_label(kind: Kind) -> str:
    """The label that holds the id of the version that billsync last applied."""
    return f"{OURS}{kind.pins}"


def labels_of(row: Fields) -> Fields:
    """The labels a row shows, empty where it shows none that can be read."""
    labels = row.get(LABELS)
    return labels if isinstance(labels, Mapping) else {}


def is_owned(row: Row, address: Address, *, owner: str | None, adopted: Patterns) -> bool:
    """Whether an entity is ours: by its label, or because the files adopt it and no label says otherwise."""
    label = labels_of(row.fields).get(OWNER)
    if label is not None:
        return bool(label == owner)
    return not is_servers_own(row.fields) and adopted.covers(address)


def is_servers_own(row: Fields) -> bool:
    """Whether the server manages a row itself: it has no owner, and changes are refused."""
    return MANAGED_BY in labels_of(row)


def owner_labels(kind: Kind, owner: str | None) -> dict[str, Plain]:
    """The labels that make a new entity ours, empty where the kind keeps none."""
    if owner is None or kind.labels is LabelPolicy.NONE:
        return {}
    return {OWNER: owner}


def labels_of_ours(kind: Kind, desired: Desired) -> dict[str, Plain]:
    """The labels that a new entity gets besides its own: those of the files' selection, and the owner's."""
    if kind.labels is LabelPolicy.NONE:
        return {}
    return {**desired.selection.labels, **owner_labels(kind, desired.owner)}


def selection_labels(kind: Kind, row: Fields, desired: Desired) -> dict[str, Plain]:
    """The labels of the files' selection that an entity of ours lacks, where they can be added to one that is live."""
    live = labels_of(row)
    if kind.labels is not LabelPolicy.MUTABLE or is_servers_own(row):
        return {}
    lacking: dict[str, Plain] = {
        name: value for name, value in desired.selection.labels.items() if live.get(name) != value
    }
    return lacking if len(live.keys() | lacking.keys()) <= MOST else {}


def restarts_of(row: Fields) -> int:
    """The `restart` number with which a link was begun, 0 if it wasn't begun again. A label that isn't a number counts
    as 1."""
    text = str(labels_of(row).get(RESTART, "0"))
    return int(text) if text.isascii() and text.isdigit() else 1


def chain_labels(
    kind: Kind, *, owner: str | None, key: str, pinned: Symbol, restart: int, ends: str = ""
) -> dict[str, Plain]:
    """The labels of a new link of a chain: the owner, the chain's key, the version that was applied, the restart that
    it uses up, and the end that it is to get."""
    again = {RESTART: str(restart)} if restart else {}
    until = {ENDING: end_mark(ends)} if ends else {}
    return {**owner_labels(kind, owner), KEY: key, pin_label(kind): pinned, **again, **until}


def end_mark(ends: str) -> str:
    """A declared end in the characters that a label takes."""
    return "".join(filter(str.isalnum, ends))


def without_end_mark(fields: Fields) -> Fields:
    """Fields without the label of an end, which belongs to one link alone."""
    labels = fields.get(LABELS) or {}
    return {**fields, LABELS: {k: v for k, v in labels.items() if k != ENDING}} if ENDING in labels else fields


def is_begun_to_end(row: Fields, ends: str) -> bool:
    """Whether a link was begun to have this end."""
    return labels_of(row).get(ENDING) == end_mark(ends)


def is_untouched(row: Fields) -> bool:
    """Whether nothing was done to a row since it was made: a cancel and its taking back move the time of its update
    (recordings cancel and active_guards)."""
    made, updated = (parse_moment(str(row.get(name) or "")) for name in ("created_at", "updated_at"))
    return made is not None and updated is not None and abs(updated - made) < AT_ONCE


def member_mark(field: str, key: str, owner: str) -> str:
    """The mark of an owner on a member of a part list, as one word for an expectation."""
    return f"{field}/{key}:{owner}"


def adoption_labels(kind: Kind, row: Fields, *, owner: str | None) -> dict[str, Plain]:
    """The label that an adopted entity still lacks, where it can be added to one that is live."""
    live = labels_of(row)
    fixed = kind.labels is not LabelPolicy.MUTABLE or is_servers_own(row)
    if owner is None or fixed or OWNER in live or len(live) >= MOST:
        return {}
    return {OWNER: owner}


def with_ownership_labels(fields: Fields, added: Fields) -> Fields:
    """Fields with these labels added to their own."""
    return {**fields, LABELS: {**(fields.get(LABELS) or {}), **added}} if added else fields
