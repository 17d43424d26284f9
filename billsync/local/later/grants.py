"""Credit grants of the later generation: their tax code is `tax_config.code`. Documented only, not recorded.

Voiding is the same call as before, no longer marked as private.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from billsync.local.credits import grants
from billsync.local.server.resource import Answer, Call
from billsync.local.store.documents import Document
from billsync.model.frozen import replace

EARLIER, LATER = "tax_code", "code"


def spelled(answer: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """An operation on grants whose request and answer have the later name."""

    def answered(call: Call) -> Answer:
        found = answer(replace(call, body=_renamed(call.body, LATER, EARLIER)))
        return replace(found, body=_shown(found.body))

    return answered


def _shown(body: Any) -> Any:
    if isinstance(body, dict) and "data" in body:
        return {**body, "data": [_renamed(row, EARLIER, LATER) for row in body["data"]]}
    return _renamed(body, EARLIER, LATER)


def _renamed(grant: Any, old: str, new: str) -> Any:
    if not isinstance(grant, dict) or old not in (grant.get("tax_config") or {}):
        return grant
    tax: Document = {new if name == old else name: value for name, value in grant["tax_config"].items()}
    return {**grant, "tax_config": tax}


ROUTES = tuple(replace(route, answer=spelled(route.answer)) for route in grants.ROUTES)
