"""Guards for changes of entities with hidden labels and no evidence of an owner, which a person confirms once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping

from billsync.core.changes.planned import Context, Planned, note
from billsync.core.lifecycle.holder import Claim, adopting, holder_of
from billsync.core.lifecycle.versioned import speaking_version
from billsync.core.observed.hidden import hides_labels, labels_are_known
from billsync.model.address import Address
from billsync.model.change import Guard
from billsync.model.kind import Kind, Registry
from billsync.model.state import Row


def unmarked_code(kind: Kind) -> str:
    """The guard's code and flag for a kind that hides its labels."""
    return f"unmarked-{kind.name}"


def unmarked_codes(registry: Registry) -> Iterator[str]:
    """The codes of all such kinds."""
    yield from (unmarked_code(kind) for kind in registry.values() if hides_labels(kind))


def unmarked_guards(context: Context, changes: Iterable[Planned]) -> Iterator[Guard]:
    """One guard a kind for all that would be changed and isn't marked as anybody's."""
    for kind, rows in _unmarked(context, changes).items():
        keys = sorted(address.key for address in rows)
        names = ", ".join(address.text for address in sorted(rows, key=lambda address: address.order))
        reason = (
            f"{names}: already live, and no label says whose {'it is' if len(keys) == 1 else 'they are'}; if yours, "
            f"add {adopting(context.registry[kind], *keys)} to the files, or pass the flag once"
        )
        code = unmarked_code(context.registry[kind])
        yield Guard(code, reason, f"--allow {code}", tuple(sorted(rows, key=lambda address: address.order)))


def unrecorded(context: Context, changes: Iterable[Planned], *, allow: Collection[str]) -> Iterator[Planned]:
    """A note for entities that the flag lets pass and whose labels stay hidden: until the files adopt them, the guard
    asks again."""
    for kind, rows in _unmarked(context, changes).items():
        for address, row in rows.items():
            if unmarked_code(context.registry[kind]) in allow and not labels_are_known(row.fields):
                yield note(
                    address,
                    code="unrecorded",
                    reason="its labels can't be read back, so the next change asks for its owner again",
                    hint=f"add {adopting(context.registry[kind], address.key)} to the files",
                )


def _unmarked(context: Context, changes: Iterable[Planned]) -> Mapping[str, Mapping[Address, Row]]:
    found: dict[str, dict[Address, Row]] = defaultdict(dict)
    for planned in changes:
        address = planned.change.address.unversioned()
        kind: Kind = context.registry[address.kind]
        row = speaking_version(context, context.index.versions.get(address, ())) if hides_labels(kind) else None
        if row is not None and holder_of(context, address, row).claim is Claim.NOBODYS:
            found[kind.name][address] = row
    return found
