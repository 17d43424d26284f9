"""The values that fields make of a source's text, and proofs of values that are hidden."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from decimal import Decimal

from billsync.core.views.normalize import number
from billsync.model.duration import parse_duration
from billsync.model.moment import cut_to_seconds, moment_text, parse_moment
from billsync.model.value import Plain, canonical, decimal_text


def _exact(text: str) -> Decimal | None:
    found = number(text)
    return found if isinstance(found, Decimal) else None


def _digits(text: str) -> str | None:
    found = _exact(text)
    return None if found is None else decimal_text(found)


def _whole(text: str) -> int | None:
    found = _exact(text)
    return int(found) if found is not None and found == found.to_integral_value() else None


def _duration(text: str) -> str | None:
    found = parse_duration(text)
    return found.text if found else None


def _moment(text: str) -> str | None:
    found = parse_moment(text)
    return moment_text(found) if found else None


def _seconds(text: str) -> str | None:
    found = parse_moment(text)
    return moment_text(cut_to_seconds(found)) if found else None


FORMS: Mapping[str, Callable[[str], Plain]] = {
    "text": lambda text: text,
    "number": _exact,
    "digits": _digits,
    "integer": _whole,
    "boolean": {"true": True, "false": False}.get,
    "duration": _duration,
    "time": _moment,
    "seconds": _seconds,
}
"""The values that a field can make of a source's text, by the name that a masked value keeps."""

SCALARS = (str, int, Decimal, bool)
OTHER = "other"
"""The form of a masked value that isn't the source's present one."""


def proof(value: Plain, salt: str) -> str:
    """A keyed digest of a value, with its salt: it shows whether another value is the same, and costs time to guess."""
    made = hashlib.scrypt(canonical(value), salt=salt.encode(), n=2**12, r=8, p=1, dklen=32)
    return f"{salt}:{made.hex()}"
