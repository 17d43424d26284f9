"""Sentences whose parts stay apart, so that another reader may be shown the same sentence with other names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from decimal import Decimal
from typing import TypeAlias, cast

from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.value import decimal_text


@dataclass(frozen=True, slots=True)
class Word:
    """A text that names nobody: a status, a currency, a time."""

    text: str


@dataclass(frozen=True, slots=True)
class Quote:
    """A text that may quote anything of a row; `instead` stands where the row's values may not."""

    text: str
    instead: str


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence without its full stop: a template that holds nothing of a row, and what stands in its braces.

    A plain text among `values` is the name of something, or says something of it.
    """

    template: str
    values: Mapping[str, Part] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The sentence."""
        return self.shown(_PLAINLY)

    def shown(self, telling: Telling) -> str:
        """The sentence with its parts in another way."""
        if not self.values:
            return self.template
        return self.template.format(**{name: _shown(part, telling) for name, part in self.values.items()})


Part: TypeAlias = "Word | Quote | Said | Address | Decimal | int | str | tuple[Part, ...]"


def sentence(template: str, **values: Part) -> Said:
    """A sentence of a template and its values."""
    return Said(template, values)


@dataclass(frozen=True, slots=True)
class Telling:
    """The way in which names, addresses and quotes are shown."""

    name: Callable[[str], str]
    address: Callable[[Address], str]
    quote: Callable[[Quote], str]


_PLAINLY = Telling(str, lambda address: address.text, lambda quote: quote.text)


def _shown(part: Part, telling: Telling) -> str:
    match part:
        case Word():
            return part.text
        case Quote():
            return telling.quote(part)
        case Said():
            return part.shown(telling)
        case Address():  # before other tuples
            return telling.address(part)
        case tuple():
            return ", ".join(_shown(member, telling) for member in cast("tuple[Part, ...]", part))
        case Decimal():
            return decimal_text(part)
        case int():
            return str(part)
        case str():
            return telling.name(part)
