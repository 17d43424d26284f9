"""Migrating a subscription in place: the same id, anchor, labels and add-ons, with the items of a newer version.

Documented only, not recorded: which items keep their ids, and what is charged, is this server's own reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby

from billsync.local.accounts.item_versions import Window, item_window, key_of
from billsync.local.accounts.subscription_view import begin_of, windows
from billsync.local.server.resource import Call
from billsync.local.store.documents import Document
from billsync.local.store.store import Row, changed
from billsync.local.store.times import micros
from billsync.local.subscriptions.addon_overlay import overlaid
from billsync.local.subscriptions.attached_addons import bought_by, item_of, own_cards
from billsync.local.subscriptions.subscription_changes import settle_first
from billsync.local.subscriptions.subscription_start import (
    Terms,
    check_cadences,
    check_features,
    feature_terms,
    kept_phases,
    plan_reference,
)


def migrated_in_place(call: Call, row: Row, plan: Row) -> Row:
    """Store and return the subscription on another version from now on. Raises Problem as for a new one."""
    settle_first(call, row)
    terms = Terms(begin_of(row), row.document["name"], begin_of(row), row.document["labels"], {})
    phases = list(_phases(call, row, list(kept_phases(call, plan, terms))))
    check_features(call.store, phases)
    check_cadences(phases)
    document = {**row.document, "plan": plan_reference(plan), "phases": phases}
    return call.store.update(changed(row, call.now, document=document, terms=tuple(feature_terms(phases))))


def _phases(call: Call, row: Row, new: Sequence[Document]) -> Iterator[Document]:
    """The new version's phases; what has been in force until now stays in those with the same key."""
    old = {phase["key"]: (phase, window) for phase, window in zip(row.document["phases"], _windows(row), strict=True)}
    bought = list(bought_by(call.store, row))
    for phase, window in zip(new, windows(_with_phases(row, new), None), strict=True):
        versions = overlaid(own_cards(phase), window, bought)
        items = [item_of(call, version, window, None) for version in versions]
        if phase["key"] in old:
            items = list(_joined(items, window, *old[phase["key"]], moment=call.now))
        yield {**phase, "items": items, "cards": own_cards(phase)}


def _windows(row: Row) -> list[Window]:
    return windows(row, None)


def _with_phases(row: Row, phases: Sequence[Document]) -> Row:
    return changed(row, row.updated_at, document={**row.document, "phases": list(phases)})


def _joined(
    new: Sequence[Document], window: Window, old: Document, old_window: Window, *, moment: datetime
) -> Iterator[Document]:
    """The items of both, by key: the old ones until the moment, the new ones from it on; one that is the same stays."""
    if not window.start <= moment:
        yield from new
        return
    before = [item for item in old["items"] if item_window(item, old_window).start < moment]
    after = [item for item in new if not item_window(item, window).is_over_at(moment)]
    both = sorted([*((item, True) for item in before), *((item, False) for item in after)], key=lambda e: key_of(e[0]))
    for _, group in groupby(both, key=lambda entry: key_of(entry[0])):
        found = list(group)
        had, has = [item for item, is_old in found if is_old], [item for item, is_old in found if not is_old]
        if had and has and had[-1]["rate_card"] == has[0]["rate_card"] and "ends_at" not in had[-1]:
            yield from had
            yield from has[1:]
        else:
            yield from (_until(item, old_window, moment) for item in had)
            yield from (_since(item, window, moment) for item in has)


def _until(item: Document, window: Window, moment: datetime) -> Document:
    return item if item_window(item, window).is_over_at(moment) else {**item, "ends_at": micros(moment)}


def _since(item: Document, window: Window, moment: datetime) -> Document:
    return item if item_window(item, window).start >= moment else {**item, "begins_at": micros(moment)}
