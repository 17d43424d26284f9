"""Forms that texts must have, in words and by example, as messages don't show regular expressions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from billsync.model import duration, moment
from billsync.model.frozen import dataclass
from billsync.model.patterns import DIGEST, whole_text

EXACT = whole_text(r"-?[0-9]+(\.[0-9]+)?")
"""A number written as text, exactly as the API takes it (catalog-facts.md §1.2)."""

PERCENT = whole_text(r"[0-9]+(\.[0-9]+)? ?%")
PLAIN_KEY = whole_text("[A-Za-z0-9_.-]+")
"""A key that needs no look at its spaces and commas: most are like this."""
RESOURCE_KEY = whole_text("[a-z0-9]+(?:_[a-z0-9]+)*")
CURRENCY = whole_text("[A-Z]{3}")
COUNTRY = whole_text("[A-Z]{2}")
VARIABLE = whole_text("[A-Z][A-Z0-9_]*")
ENTITY = whole_text(r"[^\s/]+/(?:.*\S)")
"""A kind and a name, or globs of both."""
SOURCE_PATH = whole_text(r"[^\s/]*/[^\s]+")
"""A path after `!file`, as an editor can tell it from other texts: by a slash."""


@dataclass(frozen=True, slots=True)
class Form:
    """The name of a form, and an example."""

    name: str
    example: str


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        EXACT: Form("a number in plain digits", "12.50"),
        PERCENT: Form("a percentage", "10%"),
        RESOURCE_KEY: Form("a key of lower-case letters and digits, with single `_` between them", "api_requests"),
        CURRENCY: Form("a currency's code of three capitals", "USD"),
        DIGEST: Form("a digest, `sha256:` and 64 digits of base 16", f"sha256:{'0' * 64}"),
        COUNTRY: Form("a country's code of two capitals", "DE"),
        ENTITY: Form("a kind and a key with a slash between them", "plan/pro"),
        VARIABLE: Form("the name of a variable in capitals", "STRIPE_CUSTOMER"),
        SOURCE_PATH: Form("a path with a slash", "secrets/stripe_customer"),
        duration.PATTERN: Form("an ISO 8601 duration in whole numbers", "P1M"),
        moment.PATTERN: Form("an RFC 3339 time with an offset", "2026-01-01T00:00:00Z"),
    }
)
"""By pattern. A test keeps it complete."""
