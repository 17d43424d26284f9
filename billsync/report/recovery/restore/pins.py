"""Billing profiles and data of apps that customers had of their own, as they are set again: profiles are matched by
their names, as billsync makes none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.model.frozen import dataclass
from billsync.model.recovery import Recovery
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.report.recovery.facts.own_billing import DATA, PROFILE, data_of, own_billing, profiles_of

NO_DEFAULT = "the new organization has no default billing profile: make it before anything is invoiced"


@dataclass(frozen=True, slots=True)
class Pin:
    """The billing of a customer: the id of a profile of the new server, and the data of its apps.

    `is_pinned`: the customer has the profile of its own; without, it is the default one, and only its data are set.
    """

    profile: str
    data: Fields
    is_pinned: bool

    @property
    def body(self) -> Fields:
        """The request that sets it (customer-facts.md §4.3)."""
        profile = {PROFILE: {"id": self.profile}} if self.is_pinned else {}
        return {**profile, **({DATA: self.data} if self.data else {})}

    def holds(self, document: Fields) -> bool:
        """Whether a customer's billing document shows it."""
        shown = (document.get(PROFILE) or {}).get("id") == self.profile
        return shown and dict(data_of(document)) == self.data


def pin_of(recovery: Recovery, document: Fields, here: Sequence[Fields]) -> Pin | str:
    """The billing of a customer on a server with these profiles; a sentence where they have none like it."""
    profile = profiles_of(recovery).get(str((document.get(PROFILE) or {}).get("id")), {})
    is_pinned = bool(profile) and not profile.get("default")
    fitting = [one for one in here if (one.get("name") == profile.get("name") if is_pinned else one.get("default"))]
    if len(fitting) == 1:
        return Pin(str(fitting[0]["id"]), dict(data_of(document)), is_pinned)
    if not is_pinned:
        return NO_DEFAULT
    number = "several billing profiles" if fitting else "no billing profile"
    return f"the new organization has {number} named {profile.get('name')!r}: make it, or set it by hand"


def pins_of(
    recovery: Recovery, customers: Sequence[Row], here: Sequence[Fields]
) -> tuple[Mapping[str, Pin], Mapping[str, str]]:
    """By the customer's id, the billing that can be set on a server with these profiles, and why other can't."""
    own = own_billing(recovery)
    found = {row.id: pin_of(recovery, own[row.id], here) for row in customers if row.id in own}
    pins = {name: one for name, one in found.items() if isinstance(one, Pin)}
    return pins, {name: one for name, one in found.items() if isinstance(one, str)}
