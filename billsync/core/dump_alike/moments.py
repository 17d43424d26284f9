"""Times in rows, as servers mostly write them."""

from __future__ import annotations

import re

_DAYS = (
    "(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    "|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
MOMENT = rf"20[0-9]{{2}}-{_DAYS}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{{1,9}})?Z"
"""A time in UTC, on a day that every year has."""

is_moment = re.compile(MOMENT, re.ASCII).fullmatch
stays_as_it_is = re.compile(r"[^.]*|.*\.[0-9]{0,5}[1-9]Z", re.ASCII).fullmatch
"""Whether a time is read and written again without a change: its fraction has no zeros at the end."""
