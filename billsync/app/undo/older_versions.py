"""Versions that an undo would go back to, and that new subscribers no longer get. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from billsync.apply.bindings import Bindings
from billsync.core.changes.versions import offered
from billsync.core.observed.index import Index, version_of
from billsync.core.observed.refusals import NOT_THE_ACTIVE_VERSION
from billsync.core.taking_back.journal import Made
from billsync.core.views.content import content_of
from billsync.kinds.registry import KINDS
from billsync.model.address import Address, Symbol
from billsync.model.change import PlanFile
from billsync.model.value import Plain


def versions_again(
    bindings: Bindings, made: Iterable[Made], plan: PlanFile, rows: Index
) -> Iterator[tuple[Address, int | str]]:
    """The chains whose former version is archived: the active version of the same content, or the reason why there is
    no way back. Raises RemoteError."""
    refused = {change.address.unversioned() for change in plan.changes if change.code == NOT_THE_ACTIVE_VERSION.code}
    for one in made:
        pinned = (one.first or {}).get(KINDS[one.address.kind].pins or "")
        if one.address not in refused or not isinstance(pinned, Symbol):
            continue
        kind, entity = KINDS[pinned.address.kind], pinned.address.unversioned()
        active = offered(kind, rows.versions.get(entity, ()))
        if active is not None:
            number = version_of(active)
            is_same = _content(bindings, pinned.address) == _content(bindings, entity.at(number))
            yield one.address, number if is_same else _no_way_back(pinned.address, entity.at(number))


def _content(bindings: Bindings, version: Address) -> Plain:
    """The content of a version, with what it refers to by key or id; its address where the server has no such one."""
    kind, seen = KINDS[version.kind], bindings.observe(version, None).view
    return content_of(kind, seen, bindings.routes[kind.name]) if seen else version.text


def _no_way_back(before: Address, now: Address) -> str:
    return (
        f"it was on {before.text}, which is archived, and the server moves to the active version only, {now.text}: "
        f"publish the former content again (undo the run that published {now.text}, or `sync` it from files), then run "
        "this undo again"
    )
