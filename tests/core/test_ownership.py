"""Who owns a live entity: its label first, `adopted` only where no label speaks."""

from __future__ import annotations

import pytest

from billsync.core.observed.ownership import is_owned
from billsync.model.address import Address
from billsync.model.globs import Patterns
from billsync.model.state import Row

ADOPTED = Patterns({"customer": ("*",)})


@pytest.mark.parametrize(
    ("label", "adopted", "owned"),
    [
        ("payments", Patterns(), True),
        ("payments", ADOPTED, True),
        ("others", Patterns(), False),
        ("others", ADOPTED, False),
        (None, ADOPTED, True),
        (None, Patterns(), False),
    ],
)
def test_a_label_of_another_owner_is_never_overridden_by_a_pattern(
    label: str | None, adopted: Patterns, owned: bool
) -> None:
    labels = {} if label is None else {"billsync_owner": label}
    row = Row("customer", "01", {"id": "01", "key": "acme", "labels": labels})

    found = is_owned(row, Address("customer", ("acme",)), owner="payments", adopted=adopted)

    assert found is owned
