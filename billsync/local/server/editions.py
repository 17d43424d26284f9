"""The states of the API that the server can speak, each with its table of requests.

Recordings of a real server exist for August 2026 of OpenMeter only. All others are served as the vendor documents them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from billsync.local.server.data_files import data
from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Edition:
    """A state of the API. `tables` are data files: a whole table of requests, and what changed since."""

    dialect: str
    generation: str
    tables: tuple[str, ...]

    @property
    def is_konnect(self) -> bool:
        """Whether the hosted product is imitated, which has fewer operations and only API v3."""
        return self.dialect == "konnect"


AUGUST = Edition("openmeter", "2026-08", ("requests",))
LATER = Edition("openmeter", "later", ("requests", "later"))
KONNECT = Edition("konnect", "1.1", ("konnect",))
KONNECT_LATER = Edition("konnect", "1.2", ("konnect", "konnect_later"))
EDITIONS = (AUGUST, LATER, KONNECT, KONNECT_LATER)


def edition_of(dialect: str | None, generation: str | None) -> Edition | None:
    """The first edition of a dialect and a generation, as far as they are given; None where there is none."""
    wanted = dialect or ("openmeter" if generation is None else None)
    fitting = (each for each in EDITIONS if wanted in (None, each.dialect) and generation in (None, each.generation))
    return next(fitting, None)


@cache
def requests_of(edition: Edition) -> Mapping[str, Any]:
    """The operations of an edition and the schemas of their requests. Callers must not change it."""
    whole: dict[str, dict[str, Any]] = {"operations": {}, "schemas": {}}
    for name in edition.tables:
        table = data(name)
        for operation in table.get("without", ()):
            del whole["operations"][operation]
        for section, entries in whole.items():
            entries.update(table[section])
    return whole
