"""Adoption: which declared entities are live and nobody's, so that the files may take them over (design.md §4).

Adopting changes nothing on a server. Another owner's label is never overridden, nor is what the server made for itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

from billsync.core.changes.chains import last_of
from billsync.core.changes.planned import Context
from billsync.core.lifecycle.holder import Claim, holder_of
from billsync.core.lifecycle.versioned import speaking_version
from billsync.core.observed.hidden import hides_labels
from billsync.core.observed.index import is_over
from billsync.core.observed.ownership import KEY, OWNER, is_servers_own, labels_of
from billsync.model.address import Address
from billsync.model.frozen import dataclass, replace
from billsync.model.globs import Patterns, is_glob, literal
from billsync.model.kind import Archetype
from billsync.model.state import Desired, Row


class Standing(Enum):
    """The standing of a declared entity towards the owner of the files."""

    ADOPTABLE = "adoptable"  # live, and nobody's
    OURS = "ours"  # its label says so
    LISTED = "listed"  # `adopted` names it, and it has no label
    REFUSED = "refused"  # another owner's, the server's own, or in doubt
    ABSENT = "absent"  # not live


@dataclass(frozen=True, slots=True)
class Standings:
    """An entity with its standing, and the reason of a refusal."""

    address: Address
    standing: Standing
    reason: str = ""


def standings(context: Context, addresses: Iterable[Address]) -> tuple[Standings, ...]:
    """The standing of each of these entities, in creation order of kinds."""
    rank = {name: number for number, name in enumerate(context.registry)}
    ordered = sorted(addresses, key=lambda address: (rank[address.kind], address.order))
    return tuple(_standing(context, address) for address in ordered)


def _standing(context: Context, address: Address) -> Standings:
    if doubt := context.doubts.get(address):
        return Standings(address, Standing.REFUSED, doubt.reason)
    row = live_row(context, address)
    if row is None:
        return Standings(address, Standing.ABSENT)
    if is_servers_own(row.fields):
        return Standings(address, Standing.REFUSED, "the server made it for itself, and lets nobody change it")
    labels = labels_of(row.fields)
    if OWNER in labels and labels[OWNER] == context.desired.owner:
        return Standings(address, Standing.OURS)
    if OWNER in labels or (context.registry[row.kind].archetype is Archetype.CHAINED and KEY in labels):
        return Standings(address, Standing.REFUSED, f"it belongs to the owner {str(labels.get(OWNER))!r}")
    if context.desired.adopted.covers(address):
        return Standings(address, Standing.LISTED)
    return _by_evidence(context, address, row)


def _by_evidence(context: Context, address: Address, row: Row) -> Standings:
    """The standing of an entity without an owner's label: of a kind that hides labels, other evidence counts."""
    held = holder_of(context, address, row) if hides_labels(context.registry[row.kind]) else None
    if held is not None and held.claim in (Claim.OTHERS, Claim.UNREAD):
        reason = held.reason if held.claim is Claim.UNREAD else f"it {held.reason}"
        return Standings(address, Standing.REFUSED, reason)
    return Standings(address, Standing.ADOPTABLE)


def live_row(context: Context, address: Address) -> Row | None:
    """The row by which an entity is live: its version that speaks for the owner, or a draft alone; a chain's head."""
    kind = context.registry[address.kind]
    match kind.archetype:
        case Archetype.VERSIONED:
            rows = context.index.versions.get(address, ())
            return speaking_version(context, rows) or next(reversed(rows), None)
        case Archetype.CHAINED:
            row = last_of(context, address)
        case Archetype.RECORD | Archetype.APPEND_ONLY:
            row = context.index.records.get(address)
    return row if row is not None and not is_over(kind, row.fields) else None


def adopting(desired: Desired, addresses: Iterable[Address]) -> Desired:
    """The desired state with these entities adopted, too."""
    by_kind = dict(desired.adopted.by_kind)
    added: dict[str, set[str]] = defaultdict(set)
    for address in addresses:
        added[address.kind].add(pattern_of(address))
    by_kind.update({kind: tuple(sorted({*by_kind.get(kind, ()), *texts})) for kind, texts in added.items()})
    return replace(desired, adopted=Patterns(by_kind, desired.adopted.places))


def pattern_of(address: Address) -> str:
    """The text by which `adopted` names an entity alone: its key, after those of what it belongs to."""
    return literal("/".join(address.names))


def without(desired: Desired, going: Iterable[Entry]) -> Desired:
    """The desired state without these entries of `adopted`."""
    gone = {(entry.kind, entry.text) for entry in going}
    adopted = desired.adopted
    left = {kind: tuple(text for text in texts if (kind, text) not in gone) for kind, texts in adopted.by_kind.items()}
    return replace(desired, adopted=replace(adopted, by_kind={kind: texts for kind, texts in left.items() if texts}))


@dataclass(frozen=True, slots=True)
class Entry:
    """A text of `adopted`. `needless` says that labels have taken its place; `why` it is or isn't."""

    kind: str
    text: str
    needless: bool
    why: str


def entries(context: Context) -> Iterator[Entry]:
    """The entries of `adopted`, in creation order of kinds, each with whether the owner's labels say now what it
    says."""
    live = _live(context)
    named: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for address, row in live.items():
        for name in {address.key, "/".join(address.names)}:
            named[address.kind, name].append(row)
    by_kind = context.desired.adopted.by_kind
    for kind in (
        *(name for name in context.registry if name in by_kind),
        *sorted(by_kind.keys() - context.registry.keys()),
    ):
        for text in by_kind[kind]:
            pattern = Patterns({kind: (text,)})
            found = (
                [row for address, row in live.items() if pattern.covers(address)]
                if is_glob(text)
                else named.get((kind, text), [])
            )
            labelled = [row for row in found if labels_of(row.fields).get(OWNER) == context.desired.owner]
            yield _entry(context, Entry(kind, text, needless=False, why=""), len(found), len(labelled))


def _entry(context: Context, entry: Entry, live: int, labelled: int) -> Entry:
    kind = context.registry.get(entry.kind)
    if kind is None or not live:
        return replace(entry, why="nothing live that was read is named so")
    if labelled == live:
        return replace(
            entry, needless=True, why="its label names the owner" if live == 1 else "their labels name the owner"
        )
    return replace(
        entry, why="no label names an owner" if not labelled else f"{live - labelled} of {live} have no label"
    )


def _live(context: Context) -> Mapping[Address, Row]:
    """Every entity that was read and is live, with the row that carries its owner's label."""
    addresses = [*context.index.records, *context.index.versions]
    declared = [entity.address for entity in context.desired.entities if entity.address not in context.index.records]
    found = ((address, live_row(context, address)) for address in dict.fromkeys((*addresses, *declared)))
    return {address: row for address, row in found if row is not None}
