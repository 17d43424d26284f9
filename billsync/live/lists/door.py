"""Checks of incoming rows: a row without a field that the API promises is a clear error, in every command."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from billsync.api.promises import SHORT, promise_of, promise_to
from billsync.core.views.promised import fault_in
from billsync.model.ports import RemoteError
from billsync.model.value import Fields


def check_rows(path: str, rows: Iterable[Fields]) -> None:
    """Raises RemoteError for the first row that breaks the API's promises, naming the field and its value."""
    if (whole := promise_of(path)) is None:
        return
    has_forms = path in SHORT
    for row in rows:
        promise = promise_to(path, row) if has_forms and isinstance(row, Mapping) else whole
        if promise is not None and (fault := fault_in(promise, row)):
            raise RemoteError(f"GET {path}: unexpected response: {fault}")
