"""Billing profiles and data of apps that customers had of their own, as they are set again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from billsync.model.frozen import dataclass, replace
from billsync.model.recovery import Recovery
from billsync.model.state import Row
from billsync.model.value import Fields
from billsync.report.recovery.facts.own_billing import DATA, PROFILE, data_of, own_billing, profiles_of
from billsync.report.recovery.restore.profiles import Profiles

NO_DEFAULT = "the default billing profile isn't the one that it had: set its data by hand"


@dataclass(frozen=True, slots=True)
class Pin:
    """The billing of a customer: the id of a profile of the new server, and the data of its apps.

    `is_pinned`: the customer has the profile of its own; without, it is the default one, and only its data are set.
    `made_for` is the old id of a profile that is only made in this restore.
    """

    profile: str
    data: Fields
    is_pinned: bool
    made_for: str = ""

    @property
    def body(self) -> Fields:
        """The request that sets it (customer-facts.md §4.3)."""
        profile = {PROFILE: {"id": self.profile}} if self.is_pinned else {}
        return {**profile, **({DATA: self.data} if self.data else {})}

    def holds(self, document: Fields) -> bool:
        """Whether a customer's billing document shows it."""
        shown = (document.get(PROFILE) or {}).get("id") == self.profile
        return shown and dict(data_of(document)) == self.data


@dataclass(frozen=True, slots=True)
class Pins:
    """By the customer's id, the billing that can be set; and why not, for customers who would be billed by another
    profile than their own (`held`), and for those whose data of apps alone can't be set (`without_data`)."""

    pins: Mapping[str, Pin]
    held: Mapping[str, str]
    without_data: Mapping[str, str]


def pin_of(recovery: Recovery, document: Fields, found: Profiles) -> Pin | str:
    """The billing of a customer; a sentence where its profile can't be had."""
    shown = str((document.get(PROFILE) or {}).get("id"))
    profile = profiles_of(recovery).get(shown, {})
    is_pinned = bool(profile) and not profile.get("default")
    data = dict(data_of(document))
    wanted = shown if is_pinned else _default_of(recovery)
    if (there := found.here.get(wanted)) is not None and (is_pinned or there.get("default")):
        return Pin(str(there["id"]), data, is_pinned)
    if wanted in found.new:
        return Pin("", data, is_pinned, wanted)
    if not wanted and found.default:  # the snapshot doesn't say which profile it was
        return Pin(found.default, data, is_pinned)
    if not is_pinned:
        return NO_DEFAULT
    return f"its billing profile {profile.get('name')!r} can't be made here: {found.faults[shown]}"


def _default_of(recovery: Recovery) -> str:
    return next((name for name, row in profiles_of(recovery).items() if row.get("default")), "")


def pins_of(recovery: Recovery, customers: Sequence[Row], found: Profiles) -> Pins:
    """The billing that customers had of their own, on a server with these profiles."""
    own = own_billing(recovery)
    several = {row.id: pin_of(recovery, own[row.id], found) for row in customers if row.id in own}
    faults = {name: one for name, one in several.items() if isinstance(one, str)}
    return Pins(
        {name: one for name, one in several.items() if isinstance(one, Pin)},
        {name: one for name, one in faults.items() if one != NO_DEFAULT},
        {name: one for name, one in faults.items() if one == NO_DEFAULT},
    )


def with_profiles(pins: Mapping[str, Pin], made: Mapping[str, str]) -> Mapping[str, Pin]:
    """The billing that can be set now: `made` are the new ids of profiles, by their old ones."""
    known = {key: replace(one, profile=made.get(one.made_for, one.profile)) for key, one in pins.items()}
    return {key: one for key, one in known.items() if one.profile}
