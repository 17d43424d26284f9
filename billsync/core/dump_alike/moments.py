"""Times in rows, as servers mostly write them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DAYS = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
MOMENT = rf"20[0-9]{{2}}-{_DAYS}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,9}})?Z"
"""A time in UTC, on a day that every year has."""

is_moment = re.compile(MOMENT, re.ASCII).fullmatch
stays_as_it_is = re.compile(r"[^.]*|.*\.[0-9]{0,5}[1-9]Z", re.ASCII).fullmatch
"""Whether a time is read and written again without a change: its fraction has no zeros at the end."""

_is_moment = re.compile(MOMENT.encode()).fullmatch
_REMEMBERED = 20_000


class Moments:
    """Remembers texts that are such times."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def hold(self, texts: Iterable[bytes]) -> bool:
        """Whether all are times."""
        return self._known.issuperset(texts) or all(map(self._is_moment, {*texts} - self._known))

    def _is_moment(self, text: bytes) -> bool:
        if _is_moment(text) is None:
            return False
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known.add(text)
        return True
