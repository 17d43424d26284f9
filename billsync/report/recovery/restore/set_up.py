"""The set-up of an organization that no kind holds, and that a restore makes before everything else: custom currencies
before plans with prices in them, and billing profiles before customers that have one of their own."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import field
from datetime import datetime

from billsync.api.documents import UNDECLARED_CURRENCIES
from billsync.model.change import Guard
from billsync.model.frozen import dataclass
from billsync.model.recovery import Accounted, Fate, Recovery
from billsync.report.moves.guards import DEFAULT_BILLING
from billsync.report.recovery.facts.own_billing import CUSTOMER
from billsync.report.recovery.losses.accounting import Place
from billsync.report.recovery.restore.custom_currencies import NewCurrency, currencies
from billsync.report.recovery.restore.profiles import Here, NewProfile, Profiles, app_fates, profiles

NO_PROFILES = Profiles({}, {}, {})


@dataclass(frozen=True, slots=True)
class SetUp:
    """The custom currencies, costs of a unit and billing profiles to be made, and the fates of all that the snapshot
    has. `lacking` are the codes of currencies that can't be had here."""

    currencies: tuple[NewCurrency, ...] = ()
    profiles: Profiles = NO_PROFILES
    fates: Mapping[Place, Accounted] = field(default_factory=dict)
    lacking: frozenset[str] = frozenset()

    @property
    def new_profiles(self) -> tuple[NewProfile, ...]:
        """The profiles to be made, the default one first, so that no other is for a moment."""
        return tuple(
            sorted(self.profiles.new.values(), key=lambda one: (not one.body["default"], one.name, one.old_id))
        )

    @property
    def is_done(self) -> bool:
        """Whether nothing is to be made."""
        return not self.currencies and not self.profiles.new

    @property
    def lines(self) -> tuple[str, ...]:
        """The things to be made, in words."""
        return tuple(self._lines())

    def _lines(self) -> Iterator[str]:
        for one in self.currencies:
            if one.body is not None:
                yield f"custom currency {one.code} (irreversible)"
            yield from (
                f"cost of a unit of {one.code}: {cost['rate']} {cost['fiat_code']}"
                f"{' from ' + str(cost['effective_from']) if 'effective_from' in cost else ''} (irreversible)"
                for cost in one.costs
            )
        for profile in self.new_profiles:
            yield f"billing profile {profile.name!r}{', the default' if profile.body['default'] else ''}"


def set_up(recovery: Recovery, here: Here, now: datetime) -> SetUp:
    """The set-up that a server with these lists lacks."""
    rows = recovery.undeclared.get(UNDECLARED_CURRENCIES, ())
    custom = () if isinstance(rows, int) else tuple(row for row in rows if row.get("type") == "custom")
    new, told = currencies(custom, here.currencies, now)
    found = profiles(recovery, here)
    fates = {(one.kind, one.row_id): one for one in (*told, *found.accounts, *app_fates(recovery, here))}
    lost = {one.row_id for one in told if one.fate is Fate.LOST}
    lacking = frozenset(str(row["code"]) for row in custom if str(row.get("id")) in lost)
    return SetUp(new, found, fates, lacking)


def default_guards(recovery: Recovery, made: SetUp, allow: Container[str]) -> tuple[Guard, ...]:
    """The guard against billing customers by another default profile than before."""
    fault = made.profiles.default_fault
    if not fault or DEFAULT_BILLING in allow or not recovery.live.of(CUSTOMER):
        return ()
    reason = f"customers without a billing profile of their own would be billed by another one than before: {fault}"
    return (Guard(DEFAULT_BILLING, reason, f"--allow {DEFAULT_BILLING}"),)
