"""The price forms, as values. `pricing` and the modules that it uses compute their costs."""

from __future__ import annotations

from decimal import Decimal
from typing import TypeAlias

from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class FreePrice:
    """Costs nothing, and is not billed."""


@dataclass(frozen=True, slots=True)
class FlatPrice:
    """One fee, whatever is used."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """Each unit costs the same."""

    amount: Decimal


@dataclass(frozen=True, slots=True)
class Tier:
    """Reaches up to and including a quantity (None: without end); may have a fee, a price of each unit, or both."""

    up_to: Decimal | None
    flat: Decimal | None
    unit: Decimal | None


@dataclass(frozen=True, slots=True)
class GraduatedPrice:
    """Each unit costs the price of the tier that it falls in. The tiers stand as written."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class VolumePrice:
    """All units cost the price of the tier that the total reaches. The tiers stand as written."""

    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class PackagePrice:
    """Each begun package costs the same (API v1 only)."""

    amount: Decimal
    size: Decimal


@dataclass(frozen=True, slots=True)
class DynamicPrice:
    """The metered quantity is money, and is multiplied (API v1 only)."""

    multiplier: Decimal


Price: TypeAlias = FreePrice | FlatPrice | UnitPrice | GraduatedPrice | VolumePrice | PackagePrice | DynamicPrice
