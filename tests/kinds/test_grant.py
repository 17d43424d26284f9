"""What a grant can't be, where no file of the bad and good ones says it."""

import pytest

from billsync.core.check import problems
from billsync.kinds.registry import KINDS

GRANT = KINDS["grant"]


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"effective_at": "9999-12-31T00:00:00Z", "expires_after": "P1D"}, ["grant-expiry"]),
        ({"effective_at": "9999-12-30T00:00:00Z", "expires_after": "P1D"}, []),
        ({"expires_after": "P999Y"}, []),
    ],
)
def test_an_end_beyond_the_calendar_is_refused(fields: dict[str, str], codes: list[str]) -> None:
    found = problems(GRANT, {**GRANT.example, **fields})

    assert [problem.code for problem in found] == codes
