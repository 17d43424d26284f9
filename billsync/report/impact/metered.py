"""Usage of very many customers, kept by feature and period: a map for each customer would take most of the memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeAlias, TypeVar

from billsync.model.frozen import dataclass
from billsync.rating.periods import Period
from billsync.report.billing.charges import Metered

Place: TypeAlias = tuple[str, Period]
"""A feature in a period."""
D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Usages:
    """Usage of each feature in each period, by the ids of customers."""

    columns: Mapping[Place, Mapping[str, Decimal]]

    def of(self, customer_id: str) -> Metered:
        """The usage of one customer, which isn't copied."""
        return _OfCustomer(self.columns, customer_id)


class _OfCustomer(Mapping[Place, Decimal]):
    __slots__ = ("_columns", "_customer")

    def __init__(self, columns: Mapping[Place, Mapping[str, Decimal]], customer_id: str) -> None:
        self._columns = columns
        self._customer = customer_id

    def get(self, place: Place, default: D) -> Decimal | D:  # type: ignore[override]
        column = self._columns.get(place)
        return default if column is None else column.get(self._customer, default)

    def __getitem__(self, place: Place) -> Decimal:
        return self._columns[place][self._customer]

    def __iter__(self) -> Iterator[Place]:
        return (place for place, column in self._columns.items() if self._customer in column)

    def __len__(self) -> int:
        return sum(1 for _ in self)
