"""Departures of a live server from a recovery snapshot: what each customer was promised, and doesn't have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import Enum
from itertools import zip_longest

from billsync.model.frozen import dataclass, replace
from billsync.model.kind import Registry
from billsync.model.moment import moment_text
from billsync.model.recovery import Accounted, Promise, Recovery
from billsync.model.routes import Routes
from billsync.model.value import decimal_text
from billsync.rating.arithmetic import ZERO, minus, plus
from billsync.report.recovery.facts.standing import CUSTOMER, PLAN, Balance, Contents, Held, Party, parties
from billsync.report.recovery.facts.unshown_times import with_times
from billsync.report.recovery.losses.explaining import DOUBTS, SUBSCRIPTION, Explanations, Why
from billsync.report.recovery.proof.parts import Credits, Parts
from billsync.report.recovery.proof.uneven import uneven

NOTHING, IN_FORCE, SOME_TIME = "none", "in force", "at a time that isn't shown"


class Aspect(Enum):
    """The things that are compared of each customer."""

    CUSTOMER = "customer"
    BALANCE = "balance"
    PENDING = "pending credit"
    GRANT = "grant"
    BILLING = "billing"
    SUBSCRIPTION = "subscription"
    START = "start"
    PLAN = "plan version"
    PHASE = "phase"
    PERIOD = "period end"
    END = "end"
    ADDONS = "add-ons"
    DUE = "next charge"
    ACCESS = "access"
    CHARGED = "charge at renewal"
    RENEWED = "after renewal"


OF_PROMISES = (Aspect.PHASE, Aspect.PERIOD, Aspect.END, Aspect.ADDONS, Aspect.DUE, Aspect.ACCESS)
"""The things that are compared of a subscription in force."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One thing that isn't as the snapshot has it. `want` is the snapshot's, `have` the server's, as texts.

    `difference` is what the server shows more, in `currency`. `why` are the lines of the loss report that account for
    it; without one it is unexplained, and where one only doubts.
    """

    customer: str
    subscription: str
    aspect: Aspect
    want: str
    have: str
    currency: str = ""
    difference: Decimal | None = None
    why: Why = ()

    @property
    def is_explained(self) -> bool:
        """Whether the loss report accounts for it."""
        return bool(self.why) and not any(line.code in DOUBTS for line in self.why)


@dataclass(frozen=True, slots=True)
class Proof:
    """The comparison of a server with a snapshot. `compared` counts comparisons by aspect, and `unseen` those that
    could not be made, as one side doesn't show it."""

    departures: tuple[Departure, ...]
    compared: Mapping[Aspect, int]
    unseen: Mapping[Aspect, int]

    @property
    def unexplained(self) -> tuple[Departure, ...]:
        """The departures for which the loss report doesn't account."""
        return tuple(one for one in self.departures if not one.is_explained)


def departures(
    recovery: Recovery,
    live: Recovery,
    accounts: Iterable[Accounted] = (),
    *,
    kinds: Registry,
    routes: Mapping[str, Routes],
    credit: Credits | None = None,
) -> Proof:
    """Compare a server with a snapshot, customer by customer, at the time of the server's reading.

    `credit` has the parts of each customer's credit; without it, only balances are compared. Customers and
    subscriptions are matched by their keys, plan versions by their content. A customer that the snapshot doesn't have
    is new, and no departure.
    """
    at = live.header.taken_at
    timed, guessed = with_times(recovery, kinds[SUBSCRIPTION])
    want = parties(timed, at, Contents(recovery, kinds, routes), guessed)
    have = parties(live, at, Contents(live, kinds, routes))
    comparing = _Comparing(Explanations(accounts), at, credit or Credits())
    for name, party in sorted(want.items()):
        comparing.customer(party, have.get(name) if party.has_key else None)
    return Proof(tuple(comparing.found), dict(comparing.compared), dict(comparing.unseen))


class _Comparing:
    """The comparison of one customer after another."""

    def __init__(self, why: Explanations, at: datetime, credit: Credits) -> None:
        self.found: list[Departure] = []
        self.compared: Counter[Aspect] = Counter()
        self.unseen: Counter[Aspect] = Counter()
        self._why = why
        self._at = at
        self._credit = credit

    def customer(self, want: Party, have: Party | None) -> None:
        """Compare one customer, and everything that it has."""
        self.compared[Aspect.CUSTOMER] += 1
        if have is None:
            why = self._why.of((CUSTOMER, want.id))
            self.found.append(Departure(want.name, "", Aspect.CUSTOMER, want.name, NOTHING, why=why))
            return
        number = len(self.found)
        for currency in sorted({*want.balances, *have.balances}):
            self._balance(
                want.name, currency, want.balances.get(currency, Balance()), have.balances.get(currency, Balance())
            )
        self._parts(want, {one.currency for one in self.found[number:] if not one.is_explained})
        about = Departure(want.name, "", Aspect.BILLING, "", "")
        self._same(about, Aspect.BILLING, want.billing, have.billing, self._why.billing(want.id))
        for wanted, had in _pairs(want.subscriptions, have.subscriptions):
            self._subscription(want.name, wanted, had)

    def _balance(self, name: str, currency: str, want: Balance, have: Balance) -> None:
        """Both parts of the credit. The lines of the report are about their sum, as a part can become the other."""
        settled, pending = minus(have.settled, want.settled), minus(have.pending, want.pending)
        why = self._why.of_credit(name, currency, plus(settled, pending)) if settled or pending else ()
        for aspect, wanted, had in (
            (Aspect.BALANCE, want.settled, have.settled),
            (Aspect.PENDING, want.pending, have.pending),
        ):
            self.compared[aspect] += 1
            if had != wanted:
                self.found.append(_of_money(Departure(name, "", aspect, "", "", why=why), wanted, had, currency))

    def _parts(self, party: Party, off: Collection[str]) -> None:
        """The parts of the credit; not in currencies whose balance is `off`, and named already."""
        want, have = self._credit.want.get(party.name, Parts()), self._credit.have.get(party.name)
        if have is None:
            counts = self.compared if party.name in self._credit.proved else self.unseen
            counts.update({Aspect.GRANT: len(want.rests)} if want.rests else {})
            return
        for currency in sorted({*want.currencies, *have.currencies}):
            is_known = currency not in want.unknown | have.unknown
            counts = self.compared if is_known else self.unseen
            counts[Aspect.GRANT] += max(sum(one.currency == currency for one in want.rests.values()), 1)
            if not is_known or currency in off:
                continue
            for one in uneven(party.name, party.id, want, have, currency, self._why):
                want_text, have_text = (f"{one.part}: {decimal_text(amount)}" for amount in (one.want, one.have))
                found = Departure(party.name, "", Aspect.GRANT, want_text, have_text, currency, one.more, one.why)
                self.found.append(found)

    def _subscription(self, name: str, want: Held | None, have: Held | None) -> None:
        self.compared[Aspect.SUBSCRIPTION] += 1
        if want is None or have is None:
            one = want or have
            assert one is not None
            why = self._why.lost(SUBSCRIPTION, want.id) if want else self._why.waiting(name)
            sides = (want.plan, NOTHING) if want else (NOTHING, one.plan)
            self.found.append(Departure(name, one.key, Aspect.SUBSCRIPTION, *sides, why=why))
            return
        about = Departure(name, want.key, Aspect.PLAN, want.plan, have.plan)
        self._plan(about, want, have)
        why = self._why.of((SUBSCRIPTION, want.id))
        if want.is_coming or have.is_coming:
            self._same(about, Aspect.START, *_shown(_start(want), _start(have), IN_FORCE), why)
        elif want.promise and have.promise:
            self._same(about, Aspect.END, *_shown(_end(want), _end(have), NOTHING), why)
            self._promise(replace(about, why=why), want.promise, have.promise, want.id)
        else:
            self.unseen.update(OF_PROMISES)

    def _plan(self, about: Departure, want: Held, have: Held) -> None:
        """Compare plan versions by their key and content, whatever their numbers."""
        self.compared[Aspect.PLAN] += 1
        is_same_plan = want.plan.partition("@")[0] == have.plan.partition("@")[0]
        if is_same_plan and (want.content is None or have.content is None):
            self.unseen[Aspect.PLAN] += 1
        elif not is_same_plan or want.content != have.content:
            texts = (want.plan, have.plan) if want.plan != have.plan else (want.plan, f"{have.plan} with other content")
            why = self._why.of((PLAN, want.plan_id))
            self.found.append(replace(about, want=texts[0], have=texts[1], why=why))

    def _promise(self, about: Departure, want: Promise, have: Promise, subscription_id: str) -> None:
        why = about.why
        self._same(about, Aspect.PHASE, want.phase, have.phase, why)
        self._same(about, Aspect.PERIOD, _time(want.period_to), _time(have.period_to), why)
        self._same(about, Aspect.ADDONS, _addons(want.addons), _addons(have.addons), why)
        used = self._why.of_usage(about.customer)
        self._same(about, Aspect.ACCESS, _keys(want.access), _keys(have.access), (*why, *used))
        if want.period_to is None or want.period_to > self._at:
            self._due(about, want.due, have.due, subscription_id)
        else:
            self.unseen[Aspect.DUE] += 1

    def _due(
        self, about: Departure, want: Mapping[str, Decimal] | None, have: Mapping[str, Decimal] | None, row_id: str
    ) -> None:
        if want is None or have is None:
            self.unseen[Aspect.DUE] += 1
            return
        self.compared[Aspect.DUE] += 1
        for currency in sorted({*want, *have}):
            wanted, had = want.get(currency, ZERO), have.get(currency, ZERO)
            if wanted != had:
                why = self._why.of_due(about.customer, row_id, currency, minus(had, wanted))
                self.found.append(_of_money(replace(about, aspect=Aspect.DUE, why=why), wanted, had, currency))

    def _same(self, about: Departure, aspect: Aspect, want: str | None, have: str | None, why: Why) -> None:
        if want is None or have is None:
            self.unseen[aspect] += 1
            return
        self.compared[aspect] += 1
        if want != have:
            self.found.append(replace(about, aspect=aspect, want=want, have=have, why=why))


def _of_money(about: Departure, want: Decimal, have: Decimal, currency: str) -> Departure:
    return replace(
        about,
        want=decimal_text(want),
        have=decimal_text(have),
        currency=currency,
        difference=minus(have, want),
    )


def _pairs(want: Sequence[Held], have: Sequence[Held]) -> Iterator[tuple[Held | None, Held | None]]:
    """Subscriptions of the same key: those in force with each other, those to come too, and then what is left over."""
    for key in sorted({one.key for one in (*want, *have)}):
        sides = tuple([one for one in side if one.key == key] for side in (want, have))
        over: tuple[list[Held | None], list[Held | None]] = [], []
        for is_begun in (True, False):
            wanted, had = ([one for one in side if one.is_coming is not is_begun] for side in sides)
            yield from zip(wanted, had, strict=False)
            over[0].extend(wanted[len(had) :])
            over[1].extend(had[len(wanted) :])
        yield from zip_longest(*over)


def _start(one: Held) -> str | None:
    """The start of a subscription that begins later; None where the server doesn't show it."""
    return _time(one.starts_at) if one.is_coming else IN_FORCE


def _end(one: Held) -> str | None:
    """The end of a subscription, in words where it has none; None where the server doesn't show it."""
    shown = one.promise.ends_at if one.promise else None
    return NOTHING if shown is None and not one.is_ending else _time(shown)


def _shown(want: str | None, have: str | None, otherwise: str) -> tuple[str | None, str | None]:
    """Both times; one that isn't shown has a text where the other side has none at all, as that departs."""
    return (want or SOME_TIME, have or SOME_TIME) if otherwise in (want, have) else (want, have)


def _time(moment: datetime | None) -> str | None:
    return moment_text(moment) if moment else None


def _addons(addons: Mapping[str, int] | None) -> str | None:
    return None if addons is None else ", ".join(f"{key} × {count}" for key, count in sorted(addons.items())) or NOTHING


def _keys(keys: frozenset[str] | None) -> str | None:
    return None if keys is None else ", ".join(sorted(keys)) or NOTHING
