"""Fees in advance that stay billed when the beginning of a subscription is taken back: a label of the change.

With invoices nothing of a fee comes back; with credits alone the unused part does, unless the plan isn't prorated
(customer-facts.md §5.8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime

from billsync.core.observed.index import Index, version_of
from billsync.model.address import Address
from billsync.model.change import Change, Effect, PlanFile, Step
from billsync.model.frozen import dataclass, replace
from billsync.model.malformed import Malformed
from billsync.model.transition import IMMEDIATE
from billsync.model.value import Fields
from billsync.report.billing.subscribed import CREDIT_ONLY, Slot
from billsync.report.impact.moving import BEGINNING, SUBSCRIPTION, Begun, begun_of
from billsync.report.impact.repricing import declared_slots, parse_addon_cards
from billsync.report.moves.addon_fees import AddonFees, alone
from billsync.report.moves.advance import Unrated, billed_at_start
from billsync.report.moves.amounts import Amounts, amounts_text, together
from billsync.report.moves.reattached import ADDON, attached_by
from billsync.report.moves.terms import PlanTerms, Start, begun, declared_terms, live_terms

MODE = "settlement_mode"
PHASES = ("starting_phase", "startingPhase")
UNKNOWN = "its fees in advance stay billed, and aren't known"
UNNAMED = "its fees in advance stay billed"


FEATURES: Mapping[str, str] = {}
"""No keys of features by id: only fees count here."""


@dataclass(frozen=True, slots=True)
class _Fees:
    """The fees at the beginnings of one run; `known` has each sort of beginning once."""

    plan: PlanFile
    found: Index
    now: datetime
    known: dict[object, str] = field(default_factory=dict)

    def label(self, change: Change, steps: Mapping[str, Step]) -> str:
        """The label of a beginning that can be taken back; empty for other changes, and where nothing stays."""
        is_meant = change.effect is Effect.REVERSIBLE and change.timing in ("", IMMEDIATE)
        one = begun_of(change, steps) if is_meant and change.address.kind == SUBSCRIPTION else None
        if one is None or one.verb != BEGINNING:
            return ""
        own = [steps[name] for name in change.steps if name in steps]
        begin = next(step for step in own if step.verb == BEGINNING)
        addons = tuple(self._addon(step) for step in own if attached_by(step))
        sort = (one.plan, one.anchor, _phase(begin), (begin.after.view or {}).get(MODE), addons)
        if sort not in self.known:
            self.known[sort] = self._label(one, begin, addons)
        return self.known[sort]

    def _label(self, one: Begun, begin: Step, addons: Sequence[tuple[Address, int]]) -> str:
        terms = self._terms(one.plan)
        if not isinstance(terms, PlanTerms):
            return UNKNOWN
        terms = _from_phase(terms, _phase(begin))
        mode = str((begin.after.view or {}).get(MODE) or self._content(one.plan).get(MODE) or "")
        try:
            return _text(self._amounts(terms, one, mode, addons), mode, is_prorated=terms.pro_rated)
        except Unrated:
            return UNKNOWN

    def _amounts(self, terms: PlanTerms, one: Begun, mode: str, addons: Sequence[tuple[Address, int]]) -> Amounts:
        subscribed = begun(terms, Start(self.now, one.anchor or self.now, mode))
        several = [billed_at_start(subscribed)]
        for addon, quantity in addons:
            cards = self._cards(addon)
            if isinstance(cards, Malformed):
                raise Unrated(f"the prices of {addon.text} can't be read")
            several.append(billed_at_start(alone(subscribed, AddonFees(addon.key, cards, quantity), self.now)))
        return together(several)

    def _addon(self, step: Step) -> tuple[Address, int]:
        addon, body = attached_by(step), step.call.body
        assert addon is not None
        assert isinstance(body, Mapping)
        return addon, int(body["quantity"])

    def _terms(self, plan: Address) -> PlanTerms | Malformed | None:
        if (made := self._made(plan)) is not None:
            return declared_terms(plan, made)
        row = self._live(plan)
        return live_terms(plan, row, FEATURES) if row is not None else None

    def _cards(self, addon: Address) -> Sequence[Slot] | Malformed:
        if (made := self._made(addon)) is not None:
            return declared_slots("", made, made)
        row = self._live(addon)
        return parse_addon_cards(row, FEATURES) if row is not None else Malformed(ADDON, None)

    def _content(self, version: Address) -> Fields:
        return self._made(version) or self._live(version) or {}

    def _made(self, version: Address) -> Fields | None:
        """A version as a step of this run makes it."""
        views = (step.after.view for step in self.plan.steps if step.address == version)
        return next((view for view in views if view is not None), None)

    def _live(self, version: Address) -> Fields | None:
        rows = self.found.versions.get(version.unversioned(), ())
        return next((row.fields for row in rows if version_of(row) == version.version), None)


def with_lasting_fees(plan: PlanFile, found: Index, now: datetime, *, is_anonymous: bool = False) -> PlanFile:
    """The plan file in which each beginning says which fees stay billed when it is taken back; without amounts where
    they could be those of single customers."""
    steps, fees = {step.id: step for step in plan.steps}, _Fees(plan, found, now)
    labels = [fees.label(change, steps) for change in plan.changes]
    if not any(labels):
        return plan
    texts = [UNNAMED if label and is_anonymous else label for label in labels]
    labelled = (replace(c, lasting=text) if text else c for c, text in zip(plan.changes, texts, strict=True))
    return replace(plan, changes=tuple(labelled))


def _phase(begin: Step) -> str:
    body = begin.call.body if isinstance(begin.call.body, Mapping) else {}
    return next((str(body[name]) for name in PHASES if body.get(name)), "")


def _from_phase(terms: PlanTerms, phase: str) -> PlanTerms:
    """The terms from a phase on; all of them where none is named."""
    place = next((number for number, one in enumerate(terms.phases) if one.key == phase), 0)
    return replace(terms, phases=terms.phases[place:])


def _text(amounts: Amounts, mode: str, *, is_prorated: bool) -> str:
    if not amounts:
        return ""
    if mode == CREDIT_ONLY and is_prorated:
        return f"only the unused part of {amounts_text(amounts)} billed in advance comes back"
    return f"{amounts_text(amounts)} billed in advance stay{'s' * (len(amounts) == 1)} billed"
