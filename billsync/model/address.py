"""The name of one entity, without any server id: `customer/acme`, `plan/pro@3`, `grant/acme/welcome`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, unquote

from billsync.model.frozen import dataclass

SYMBOL = re.compile(r"\{([^{}]+)\}")
PLAIN_NAME = re.compile(r"[A-Za-z0-9 \-_.~:+]*")
"""A name without an awkward character."""


class Address(NamedTuple):
    """A kind and the names that identify an entity of it; parents come first. A run looks up hundreds of them for each
    change, which a tuple's own comparison makes quick.

    With `version`, it is *the lowest version numbered `version` or higher*: the server also counts deleted
    versions, so the number that a new version gets can't be known (catalog-facts.md §7.1).
    """

    kind: str
    names: tuple[str, ...]
    version: int | None = None

    @property
    def key(self) -> str:
        """The entity's own key, without its parents."""
        return self.names[-1]

    @property
    def parents(self) -> tuple[str, ...]:
        """The names of the entity's parents, outermost first."""
        return self.names[:-1]

    @property
    def text(self) -> str:
        """`kind/name/…` with `@version` if there is one; awkward characters are percent-encoded."""
        names = "/".join(map(_quoted, self.names))
        return f"{self.kind}/{names}" + (f"@{self.version}" if self.version is not None else "")

    @property
    def symbol(self) -> str:
        """The address as it stands in a call's path or body, to be bound to a server id."""
        return "{" + self.text + "}"

    @property
    def order(self) -> tuple[str, tuple[str, ...], int]:
        """A total order, for output."""
        return (self.kind, self.names, self.version if self.version is not None else -1)

    def at(self, version: int) -> Address:
        """The same entity at a version."""
        return Address(self.kind, self.names, version)

    def unversioned(self) -> Address:
        """The same entity without a version."""
        return self if self.version is None else Address(self.kind, self.names)


def _quoted(name: str) -> str:
    return name if PLAIN_NAME.fullmatch(name) else quote(name, safe=" -_.~:+")


def parse_address(text: str) -> Address:
    """The address that `Address.text` wrote. Raises ValueError for anything else."""
    head, _, version = text.partition("@")
    kind, *names = head.split("/")
    if not kind or not names or (version and not version.isdigit()):
        raise ValueError(f"not an address: {text!r}")
    return Address(kind, tuple(unquote(name) for name in names), int(version) if version else None)


def part_address(entity: Address, field: str, member: Address) -> Address:
    """A row below an entity that stands for one member of a list of it: `plan.addons/pro/addon%2Fextra%401@3`."""
    return Address(f"{entity.kind}.{field}", (*entity.names, member.text), entity.version)


def whole_of(part: Address) -> tuple[Address, str, Address] | None:
    """The entity, the field and the member that `part_address` joined; None for the address of an entity."""
    kind, dot, field = part.kind.partition(".")
    return (Address(kind, part.parents, part.version), field, parse_address(part.key)) if dot else None


_EARLIER = ":earlier"


def earlier(chain: Address) -> Address:
    """The link of a chain before its head, as it stands in a call's path: `subscription:earlier/acme/default`."""
    return Address(f"{chain.kind}{_EARLIER}", chain.names)


def chain_of(address: Address) -> Address:
    """The chain of an earlier link; any other address as it is."""
    if not address.kind.endswith(_EARLIER):
        return address
    return Address(address.kind.removesuffix(_EARLIER), address.names, address.version)


@dataclass(frozen=True, slots=True)
class Symbol:
    """Stands in a view or a body for an entity, so that a person's text is never taken for a server id."""

    address: Address


def symbols_in(value: object) -> tuple[Address, ...]:
    """Every address that a view or a body refers to, sorted, each once."""
    found: set[Address] = set()
    _collect(value, found)
    return tuple(sorted(found, key=lambda address: address.order))


def symbols_in_path(path: str) -> tuple[Address, ...]:
    """Every address that stands in braces in a call's path, in their order; of an earlier link, its chain."""
    return tuple(chain_of(parse_address(text)) for text in SYMBOL.findall(path))


def _collect(value: object, found: set[Address]) -> None:
    if isinstance(value, Symbol):
        found.add(value.address)
        return
    if type(value) is dict or isinstance(value, Mapping):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for item in value:
        if type(item) is not str:  # most are, and nothing stands in them
            _collect(item, found)
