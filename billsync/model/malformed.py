"""Malformed fields of a server's rows, and their names in decoders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Concatenate, ParamSpec, TypeVar

from billsync.model.frozen import dataclass
from billsync.model.value import Fields, Plain

T = TypeVar("T")
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Malformed:
    """A row that can't be decoded: the field at fault, `phases.0.items.1.rate_card.price`, and what is there."""

    field: str
    value: Plain

    @property
    def text(self) -> str:
        """The field and its value for a sentence; lists and maps are named only."""
        match self.value:
            case None:
                return f"{self.field} is missing"
            case Mapping():
                return f"{self.field} has an unknown form"
            case str():
                return f"{self.field} is {self.value!r}"
            case list() | tuple():
                return f"{self.field} is a list"
        return f"{self.field} is {self.value}"


class MalformedRow(ValueError):
    """Ends the decoding of a row at the field at fault."""

    def __init__(self, field: str, value: Plain) -> None:
        self.malformed = Malformed(field, value)
        super().__init__(self.malformed.text)

    def within(self, place: str) -> MalformedRow:
        """The fault, with its path extended by the path of the enclosing row."""
        return MalformedRow(f"{place}.{self.malformed.field}", self.malformed.value)


def parsed(decode: Callable[Concatenate[Fields, P], T], row: Fields, *args: P.args, **more: P.kwargs) -> T | Malformed:
    """The decoded row, or the field that isn't as was promised."""
    try:
        return decode(row, *args, **more)
    except MalformedRow as fault:
        return fault.malformed


def parsed_rows(
    decode: Callable[Concatenate[Fields, P], T], rows: Iterable[Fields], *args: P.args, **more: P.kwargs
) -> tuple[T, ...] | Malformed:
    """The decoded rows, or the first field of one that isn't as was promised."""
    try:
        return tuple(decode(row, *args, **more) for row in rows)
    except MalformedRow as fault:
        return fault.malformed


def text(row: Fields, name: str) -> str:
    """A text. Raises MalformedRow for anything else."""
    value = row.get(name)
    if not isinstance(value, str):
        raise MalformedRow(name, value)
    return value


def whole(row: Fields, name: str) -> int:
    """A whole number. Raises MalformedRow for anything else."""
    value = row.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedRow(name, value)
    return value


def part(row: Fields, name: str) -> Fields:
    """A map. Raises MalformedRow for anything else."""
    value = row.get(name)
    if not isinstance(value, Mapping):
        raise MalformedRow(name, value)
    return value


def optional_part(row: Fields, name: str) -> Fields:
    """A map, empty if absent from the row. Raises MalformedRow for anything else."""
    return {} if row.get(name) is None else part(row, name)


def members(row: Fields, name: str) -> Sequence[Fields]:
    """The maps in a list. Raises MalformedRow for anything else."""
    value = row.get(name)
    if not isinstance(value, list | tuple):
        raise MalformedRow(name, value)
    for number, member in enumerate(value):
        if not isinstance(member, Mapping):
            raise MalformedRow(f"{name}.{number}", member)
    return value


def each(row: Fields, name: str, decode: Callable[[Fields], T]) -> tuple[T, ...]:
    """Each member of a list, decoded; a fault in one says in which. Raises MalformedRow."""
    found = []
    for number, member in enumerate(members(row, name)):
        try:
            found.append(decode(member))
        except MalformedRow as fault:
            raise fault.within(f"{name}.{number}") from None
    return tuple(found)


def inside(row: Fields, name: str, decode: Callable[[Fields], T]) -> T:
    """A map of a row, decoded; a fault in it says so. Raises MalformedRow."""
    inner = part(row, name)
    try:
        return decode(inner)
    except MalformedRow as fault:
        raise fault.within(name) from None
