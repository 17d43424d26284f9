"""Files that are meant for one server are never used with another: `_info.target` against the server that was named."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from billsync.api.generations import KONNECT
from billsync.app.ending import Ended, Exit
from billsync.live.organization import Organization
from billsync.live.protocol.target import Target
from billsync.model.ports import RemoteError
from billsync.model.state import IntendedTarget
from billsync.schema.codes import diagnostic

HINT = "Name the server that they are for, or change `_info.target`."


def check_address(intended: IntendedTarget, target: Target, dialect: str | None) -> None:
    """Raises Ended if the server's address or its dialect, as far as known, shows that it isn't the intended one.

    Nothing has been sent to it yet.
    """
    _refuse(intended, *_by_address(intended, target), *(_by_dialect(intended, target, dialect) if dialect else ()))


def check_dialect(intended: IntendedTarget, target: Target, dialect: str) -> None:
    """Refuse a server of another dialect, or of one that has no organizations where one is named. Raises Ended."""
    without = f"{target.name} is an {dialect} server, which has none"
    has_none = intended.org is not None and dialect != KONNECT
    org = (_contrast("organization", intended.org, without),) if has_none else ()
    _refuse(intended, *_by_dialect(intended, target, dialect), *org)


def check_organization(intended: IntendedTarget, target: Target, read: Callable[[], Organization]) -> None:
    """Refuse a token of another organization, or of one that can't be found out. Raises Ended."""
    if intended.org is None:
        return
    try:
        found = read()
    except RemoteError as error:
        problem = f"the organization that the token for {target.name} belongs to can't be found out: {error}"
        _refuse(intended, _contrast("organization", intended.org, problem))
        return
    if intended.org not in (found.id, found.name):
        shown = f"the token for {target.name} belongs to {found.name or '?'} ({found.id or 'no id'})"
        _refuse(intended, _contrast("organization", intended.org, shown))


def _by_address(intended: IntendedTarget, target: Target) -> Iterator[str]:
    if intended.region is not None and intended.region != target.region:
        shown = f"is in region {target.region!r}" if target.region else "is not a Konnect address with a region"
        yield _contrast("region", intended.region, f"{target.name} {shown}")


def _by_dialect(intended: IntendedTarget, target: Target, dialect: str) -> Iterator[str]:
    if intended.dialect is not None and intended.dialect != dialect:
        yield _contrast("dialect", intended.dialect, f"{target.name} speaks {dialect!r}")


def _contrast(what: str, wanted: str | None, found: str) -> str:
    return f"They are for {what} {wanted!r}, and {found}."


def _refuse(intended: IntendedTarget, *contrasts: str) -> None:
    if contrasts:
        findings = (diagnostic("wrong-target", contrast, HINT, position=intended.position) for contrast in contrasts)
        raise Ended(Exit.ERROR, *findings)
