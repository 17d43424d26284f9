"""Runs of the tests with `BILLSYNC_PLAIN=1`: the fast libraries can't be imported, as where they aren't installed."""

from __future__ import annotations

import os
import sys

from billsync.cli.options.version import LIBRARIES
from billsync.model.plain_mode import is_plain


def hide_libraries() -> None:
    """Let imports of the fast libraries fail, if the environment switches the fast paths off."""
    if is_plain(os.environ):
        sys.modules.update(dict.fromkeys(LIBRARIES.values()))  # type: ignore[arg-type]  # None: there is no such module
