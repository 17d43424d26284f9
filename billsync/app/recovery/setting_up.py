"""Makes the set-up of an organization again, before the steps of a restore: custom currencies with the costs of a unit,
and billing profiles. Everything is looked for before it is made, and again after an unclear outcome, as the server
keeps costs and profiles as often as they are sent (catalog-facts.md §10.3, §12.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from functools import partial

from billsync.api.documents import APPS, COST_BASES, CURRENCIES, CUSTOM_CURRENCIES, PROFILES, WITH_COSTS
from billsync.app.dump.losses import LISTING
from billsync.app.server.connection import Connection
from billsync.app.server.posting import ATTEMPTS, PAUSE
from billsync.app.server.server_time import servers_now_by_anybody
from billsync.apply.patient_call import call_unless_there
from billsync.core.taking_back.journal_lines import SET_UP
from billsync.live.lists.paging import Refused
from billsync.live.snapshot import PARENT
from billsync.model.address import Address
from billsync.model.frozen import dataclass
from billsync.model.ports import Journal, RemoteError, Unclear
from billsync.model.state import Snapshot
from billsync.model.value import Fields
from billsync.report.recovery.restore.custom_currencies import NewCurrency, has_cost
from billsync.report.recovery.restore.profiles import Here, NewProfile, made_for
from billsync.report.recovery.restore.set_up import SetUp

CURRENCY, PROFILE = "custom_currency", "billing_profile"


@dataclass(frozen=True, slots=True)
class HasSetUp:
    """The number of things that were made; why others weren't, by name; and the new ids of profiles by their old ones.
    `lacks_default`: the default profile wasn't made."""

    made: int = 0
    failed: Mapping[str, str] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)
    lacks_default: bool = False

    @property
    def text(self) -> str:
        """The number as a sentence."""
        return f"Set-up: {self.made:,} currencies, costs and billing profiles made."


def here(connection: Connection) -> Here:
    """The lists of a server that no file can declare. Raises RemoteError."""
    has_currencies = connection.generation.can("custom_currencies")
    custom = _listed(connection, CURRENCIES, WITH_COSTS) if has_currencies else None
    return Here(custom, _listed(connection, PROFILES), _listed(connection, APPS))


def _listed(connection: Connection, path: str, query: tuple[tuple[str, str], ...] = ()) -> tuple[Fields, ...] | None:
    """The rows of a list that aren't deleted; None where the server refuses it."""
    try:
        rows = connection.listed(path, query, listing=LISTING)
    except Refused:
        return None
    return tuple(row for row in rows if not row.get("deleted_at"))


def make_set_up(connection: Connection, wanted: SetUp, journal: Journal) -> HasSetUp:
    """Make everything that is missing, each after the journal has it."""
    making = _Making(connection, journal)
    for currency in wanted.currencies:
        making.currency(currency)
    for profile in wanted.new_profiles:
        making.profile(profile)
    lacks = any(one.body["default"] and one.old_id not in making.profiles for one in wanted.new_profiles)
    return HasSetUp(making.made, making.failed, making.profiles, lacks)


class _Making:
    """A set-up that is being made."""

    def __init__(self, connection: Connection, journal: Journal) -> None:
        self._connection = connection
        self._journal = journal
        self.made = 0
        self.failed: dict[str, str] = {}
        self.profiles: dict[str, str] = {}

    def currency(self, wanted: NewCurrency) -> None:
        """Make a custom currency, and the costs of a unit."""
        address = Address(CURRENCY, (wanted.code,))
        if wanted.body is not None:
            self._make(address, lambda: CUSTOM_CURRENCIES, wanted.body, lambda: self._currency(wanted.code) is not None)
        for cost in () if address.text in self.failed else wanted.costs:
            self._make(address, partial(self._costs, wanted.code), cost, partial(self._has_cost, wanted.code, cost))

    def profile(self, wanted: NewProfile) -> None:
        """Make a billing profile."""
        address = Address(PROFILE, (wanted.name,))
        self._make(address, lambda: PROFILES, wanted.body, lambda: bool(self._profiles(wanted.old_id)))
        try:
            several = () if address.text in self.failed else self._profiles(wanted.old_id)
            for row in several[:1]:
                self.profiles[wanted.old_id] = str(row["id"])
            for row in several[1:]:  # the request arrived twice: nobody has these, or the server keeps them
                self._connection.remote.call("DELETE", f"{PROFILES}/{row['id']}")
        except RemoteError as problem:
            self.failed[address.text] = str(problem)

    def _make(self, address: Address, path: Callable[[], str], body: Fields, is_there: Callable[[], bool]) -> None:
        """Make something that isn't there; note why it failed."""
        try:
            if not is_there():
                self._journal.record(SET_UP, {"entity": address.text})
                self.made += _sent(self._connection, path(), body, is_there)
        except RemoteError as problem:
            self.failed[address.text] = str(problem)

    def _costs(self, code: str) -> str:
        row = self._currency(code)
        if row is None:
            raise RemoteError(f"the custom currency {code} isn't there")
        return COST_BASES.replace(PARENT, str(row["id"]))

    def _currency(self, code: str) -> Fields | None:
        rows = self._connection.listed(CURRENCIES, WITH_COSTS, listing=LISTING)
        return _first(row for row in rows if row.get("type") == "custom" and row.get("code") == code)

    def _has_cost(self, code: str, cost: Fields) -> bool:
        now = servers_now_by_anybody(self._connection, Snapshot())
        return has_cost(self._currency(code), cost, now)

    def _profiles(self, old_id: str) -> tuple[Fields, ...]:
        """The profiles that a restore has made for an old one, the one that counts first."""
        return made_for(old_id, self._connection.listed(PROFILES, listing=LISTING))


def _sent(connection: Connection, path: str, body: Fields, is_there: Callable[[], bool]) -> bool:
    """Send something once, and again after an unclear outcome or a pause, unless it is there; False where it wasn't
    sent, as somebody else made it. Raises RemoteError."""
    for attempt in range(ATTEMPTS):
        try:
            answer = call_unless_there(connection.remote, "POST", path, body, is_there=is_there)
        except Unclear:
            if attempt + 1 == ATTEMPTS:
                raise
        else:
            if answer is None:
                return attempt > 0
            if answer.ok:
                return True
            if not answer.unclear and is_there():  # the request arrived twice, and this is the second answer
                return True
            if not answer.unclear or attempt + 1 == ATTEMPTS:
                raise RemoteError(f"POST {path}: {answer.message or answer.status}")
        connection.clock.sleep(PAUSE * 2**attempt)
        if is_there():
            return True
    raise AssertionError("unreachable")  # the last attempt returns or raises


def _first(rows: Iterable[Fields]) -> Fields | None:
    return next(iter(rows), None)
