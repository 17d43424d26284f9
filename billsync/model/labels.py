"""The server's real rule for labels, which is narrower than its documentation (catalog-facts.md §1.5).

Some calls drop a bad label in silence, so every one is checked here, also those that billsync writes itself.
"""

from __future__ import annotations

import re

OURS = "billsync_"
"""The prefix of labels that billsync writes; files can't declare labels with it."""

RESTORED = f"{OURS}restored"
"""The label of a restored grant: the amount that was granted at first, of which it has what was left."""

SPENT = f"{OURS}spent"
"""The label of a restored grant of which nothing was left: it expired when it was made."""

RESERVED = ("_", "kong", "konnect", "insomnia", "mesh", "kic", "kuma", "openmeter")
MOST = 50
MOST_DECLARED = MOST - 3
"""Largest number of labels that a file may declare: billsync adds up to three."""

MOST_SELECTING = 10
"""Largest number of labels that `_info.select` may give to everything."""

_LONGEST_VALUE = 63
_FORM = re.compile(r"[a-zA-Z0-9]+(?:[._-][a-zA-Z0-9]{2,})*(?:[._-][a-zA-Z0-9]+)?", re.ASCII)
_SPECIAL = re.compile(r"[._-]")
_WHAT = (
    "letters and digits, with single `.`, `_` or `-` between them, each with a letter or digit of its own on either "
    "side (`a_b` and `v1.22.3` are fine, `a_b_c` and `v1.2.3` are not)"
)


def key_problem(key: str) -> str | None:
    """Return the reason why the server refuses or hides a label with this key; None if it accepts it."""
    for prefix in RESERVED:
        if key.startswith(prefix):
            return f"keys that begin with `{prefix}` are reserved by the server"
    if _FORM.fullmatch(key) is None or _groups(key) > _LONGEST_VALUE:
        return f"a label's key must consist of {_WHAT}"
    return None


def value_problem(value: str) -> str | None:
    """Return the reason why the server refuses or hides a label with this value; None if it accepts it."""
    if not 1 <= len(value) <= _LONGEST_VALUE:
        return f"a label's value must have 1 to {_LONGEST_VALUE} characters"
    if _FORM.fullmatch(value) is None:
        return f"a label's value must consist of {_WHAT}"
    return None


def _groups(key: str) -> int:
    """Into how many groups the server's pattern cuts a well-formed key; it allows as many as a value's length.

    A group is one special character with its two neighbours, or up to three letters and digits.
    """
    runs = [len(run) for run in _SPECIAL.split(key)]
    specials = len(runs) - 1
    left = [run - (index > 0) - (index < specials) for index, run in enumerate(runs)]
    return specials + sum(-(-rest // 3) for rest in left)
