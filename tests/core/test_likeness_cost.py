"""Looking for look-alikes looks at everything once, however many parents there are."""

import pytest

from billsync.core.changes import likeness
from billsync.core.observed.index import Index
from billsync.kinds.registry import KINDS
from billsync.model.address import Address
from billsync.model.state import Desired


def test_everything_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    monkeypatch.setattr(likeness, "known_by", lambda desired, found, kind: looked.append(kind.name) or {})
    parents = [Address("customer", (f"c{number}",)) for number in range(50)]

    likeness.alike_parents(Desired(), Index(), KINDS, parents)

    assert looked == ["customer"]
