"""The label of a link that names, by digests, what was declared to be attached to it when it began.

Such a row can only be made after the link, so a run that stops between the two would leave no trace of the intention.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from billsync.core.changes.planned import Planned
from billsync.core.observed.ownership import KEY, LABELS, labels_of
from billsync.model.change import Step
from billsync.model.frozen import replace
from billsync.model.labels import OURS
from billsync.model.routes import Attachments
from billsync.model.value import Fields, Plain

DIGITS, MOST = 6, 9
"""A label holds 63 characters: nine digests of six, and what is beyond is attached by the timing of the chain."""


def label_of(attachments: Attachments) -> str:
    """The label's name."""
    return f"{OURS}{attachments.part.field}"


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:DIGITS]


def is_due(row: Fields, attachments: Attachments, key: str) -> bool:
    """Whether an entity was declared when the link began, so that it is still to be attached if it has no row."""
    return _digest(key) in str(labels_of(row).get(label_of(attachments), "")).split("-")


def noting(planned: Planned, attachments: Attachments, keys: tuple[str, ...], place: int) -> Planned:
    """The change whose step at this place begins a link, with the label in its call and its expectation."""
    label = {label_of(attachments): "-".join(sorted(map(_digest, sorted(keys)[:MOST])))}
    steps = (*planned.steps[:place], _labelled(planned.steps[place], label), *planned.steps[place + 1 :])
    return replace(planned, steps=steps)


def _labelled(step: Step, label: Mapping[str, str]) -> Step:
    view = {**(step.after.view or {})}
    view[LABELS] = dict(sorted({**view[LABELS], **label}.items()))
    body = {name: {**value, **label} if _holds_labels(value) else value for name, value in step.call.body.items()}
    return replace(step, call=replace(step.call, body=body), after=replace(step.after, view=view))


def _holds_labels(value: Plain) -> bool:
    """Whether a part of a body is the link's labels, whatever the API in use calls them."""
    return isinstance(value, Mapping) and KEY in value
