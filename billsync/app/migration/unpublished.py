"""The declared content of the plan that a migration leads to, where `sync` hasn't published it yet."""

from __future__ import annotations

from billsync.app.planning.pipeline import compared, read_live
from billsync.app.server.connection import Connection
from billsync.core.changes.planned import names_of
from billsync.core.diffing.diff import Mode
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.change import Change, Guard, Outcome
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.frozen import replace
from billsync.model.state import Desired
from billsync.schema.codes import diagnostic

UNPUBLISHED = "unpublished-change"
CUSTOMER = "customer"
DIFFERENT = (Outcome.PENDING, Outcome.REFUSED, Outcome.BLOCKED)


def unpublished_change(connection: Connection, desired: Desired, target: Address) -> Change | None:
    """The change that the files declare of a plan, as `sync` would show it. Raises RemoteError.

    None where the active version is as declared, or no file declares the plan.
    """
    catalog = tuple(one for one in desired.entities if _is_catalog(one.address))
    if not any(one.address == target.unversioned() for one in catalog):
        return None
    intent = replace(desired, entities=catalog, named=frozenset(), prices=())
    mode = Mode("apply", deletes=False, allow={})
    plan = compared(connection, intent, read_live(connection, intent, deletes=False), mode).plan
    own = (one for one in plan.changes if one.address.unversioned() == target.unversioned())
    return next((one for one in own if one.outcome in DIFFERENT), None)


def _is_catalog(address: Address) -> bool:
    """Whether an entity is sold to customers, and not a customer or something of theirs."""
    return KINDS[address.kind].parent is None and address.kind != CUSTOMER


def unpublished_guard(change: Change, target: Address) -> Guard:
    """The guard that stops a migration to `latest` or to a plan, while the files declare something else of it."""
    reason = (
        f"{_difference(change, target)}: `sync` publishes it first, so that nobody is moved twice; or name the version "
        f"that is meant, `--to {target.key}@{target.version}`"
    )
    return Guard(UNPUBLISHED, reason, "", (target.unversioned(),))


def unpublished_warning(change: Change, target: Address) -> Diagnostic:
    """The warning where the version that is meant was named."""
    return diagnostic(
        UNPUBLISHED,
        f"{_difference(change, target)}.",
        "Subscriptions are moved to the version that is named.",
        severity=Severity.WARNING,
    )


def _difference(change: Change, target: Address) -> str:
    names = f" (in {names_of(change.fields)})" if change.fields else ""
    return f"the files declare another content of plan {target.key} than the active version {target.text} has{names}"
