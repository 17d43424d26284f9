"""Rules that a configuration sets for itself: how far prices may move, and what no run may do. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal
from fnmatch import fnmatchcase

from billsync.model.address import Address
from billsync.model.diagnostic import Position
from billsync.model.frozen import dataclass
from billsync.model.globs import Patterns

PERCENT_FROM = 10
"""The number of owned entities of a kind from which a share of them is limited, unless a policy gives another."""

MAX_SHARE = "max_delete_percent"
"""The name of the rule that limits the share."""


@dataclass(frozen=True, slots=True)
class PricePolicy:
    """A limit, in percent, on changes of the amount paid for one feature, over a range of usage in a billing period.

    None means no limit. `keys` are the plans and the add-ons whose prices it limits.
    """

    keys: Patterns
    max_increase: Decimal | None
    max_decrease: Decimal | None
    usage_from: Decimal
    usage_to: Decimal
    position: Position

    def covers(self, kind: str, key: str) -> bool:
        """Whether an entity is named, exactly or by a glob."""
        return self.keys.match(kind, key)


@dataclass(frozen=True, slots=True)
class Share:
    """The largest share of the owned entities of a kind that a run may delete, where these are `count` or more."""

    percent: Decimal
    count: int
    position: Position

    def implies(self, other: Share) -> bool:
        """Whether what this rule allows, the other one allows, too."""
        return self.percent <= other.percent and self.count <= other.count


@dataclass(frozen=True, slots=True)
class Policy:
    """Limits of every run, whatever flags it is given. None means no limit.

    `max_deletes` counts the entities that one run deletes. `max_delete_percent` limits the share of the owned ones of a
    kind, where these are `percent_from` or more. `protected` are never deleted, and nothing that belongs to them is
    deleted, cancelled or taken back. `forbid` are guards that no flag overrides. `nothing_due_at_start` are plans, by
    keys and globs, that bill nothing when a subscription begins. `more_shares` are those of another policy that holds,
    too. `places` has the position of each rule, by name, and
    `forbidden_at` that of each guard in `forbid` that stands elsewhere.
    """

    max_deletes: int | None = None
    max_delete_percent: Decimal | None = None
    percent_from: int = PERCENT_FROM
    protected: Patterns = field(default_factory=Patterns)
    forbid: frozenset[str] = frozenset()
    require_owner: bool = False
    nothing_due_at_start: tuple[str, ...] = ()
    places: Mapping[str, Position] = field(default_factory=dict)
    forbidden_at: Mapping[str, Position] = field(default_factory=dict)
    more_shares: tuple[Share, ...] = ()

    @property
    def shares(self) -> tuple[Share, ...]:
        """All limits on shares of deleted entities."""
        if self.max_delete_percent is None:
            return self.more_shares
        return Share(self.max_delete_percent, self.percent_from, self.places[MAX_SHARE]), *self.more_shares

    def protection_of(self, address: Address) -> Position | None:
        """The place of the rule that protects an entity, by its key or, where it belongs to another, by all its names
        (`acme/key`); None if none does."""
        texts = (address.key, "/".join(address.names))
        for pattern in self.protected.by_kind.get(address.kind, ()):
            if any(fnmatchcase(text, pattern) for text in texts):
                return self.protected.places.get((address.kind, pattern)) or self.places["protected"]
        return None

    def place_forbidding(self, guard: str) -> Position:
        """The place of the rule that forbids to override a guard."""
        return self.forbidden_at.get(guard) or self.places["forbid"]
