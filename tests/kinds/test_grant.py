"""What a grant can't be, where no file of the bad and good ones says it."""

from datetime import UTC, datetime

import pytest

from billsync.core.declared.check import problems
from billsync.kinds.registry import KINDS

GRANT = KINDS["grant"]


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({"effective_at": "9999-12-31T00:00:00Z", "expires_after": "P1D"}, ["grant-expiry"]),
        ({"effective_at": "9999-12-30T00:00:00Z", "expires_after": "P1D"}, []),
        ({"expires_after": "P999Y"}, []),
        ({"expires_at": "2027-01-01T00:00:00Z"}, []),
        ({"expires_at": "2027-01-01T00:00:00Z", "expires_after": "P1Y"}, ["grant-expiry"]),
        ({"expires_at": "2027-01-01T00:00:00Z", "effective_at": "2027-01-01T00:00:00Z"}, ["grant-expiry"]),
        ({"expires_at": "2027-01-01T00:00:00Z", "effective_at": "2026-01-01T00:00:00Z"}, []),
    ],
)
def test_an_end_that_can_not_be_is_refused(fields: dict[str, str], codes: list[str]) -> None:
    found = problems(GRANT, {**GRANT.example, **fields})

    assert [problem.code for problem in found] == codes


NOW = datetime(2026, 7, 1, 12, 0, 0, 250_000, UTC)


@pytest.mark.parametrize(
    ("declared", "sent"),
    [
        ({"expires_after": "P1Y"}, {"expires_after": "P1Y"}),
        (
            {"expires_at": "2026-10-01T12:00:00Z"},
            {"effective_at": "2026-07-01T12:00:00Z", "expires_after": "P3M"},
        ),
        (
            {"expires_at": "2026-07-03T12:00:30Z"},
            {"effective_at": "2026-07-01T12:00:00Z", "expires_after": "P2DT30S"},
        ),
        (
            {"effective_at": "2026-06-01T00:00:00Z", "expires_at": "2026-08-01T00:00:00Z"},
            {"effective_at": "2026-06-01T00:00:00Z", "expires_after": "P2M"},
        ),
        ({"expires_at": "2026-07-01T12:00:00Z"}, None),
    ],
)
def test_a_declared_end_is_sent_as_a_duration(declared: dict[str, str], sent: dict[str, str] | None) -> None:
    assert GRANT.at_creation is not None

    assert GRANT.at_creation(declared, NOW) == sent


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        ({"created_at": "2026-09-01T00:00:00Z", "expires_at": "2027-03-01T00:00:00Z"}, ["expiry"]),
        ({"created_at": "2026-09-01T00:00:00Z", "expires_at": "2027-11-07T04:05:06Z"}, []),
        ({"effective_at": "2026-09-01T00:00:00Z", "expires_at": "2027-03-01T00:00:00Z"}, []),
        ({"created_at": "2026-09-01T00:00:00Z"}, []),
    ],
)
def test_an_end_is_lost_only_where_the_file_says_it_as_a_duration(row: dict[str, str], codes: list[str]) -> None:
    """What is written as a time ends then, whenever it is made."""
    assert GRANT.lost is not None

    found = GRANT.lost({**GRANT.example, **row})

    assert [code for code, _, _ in found] == codes


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("3026-09-01T00:00:00Z", {"expires_after": "P1000Y"}),
        ("3126-09-01T00:00:00Z", {"expires_at": "3126-09-01T00:00:00Z"}),
        ("9999-01-01T00:00:00Z", {"expires_at": "9999-01-01T00:00:00Z"}),
    ],
)
def test_an_end_is_read_as_a_duration_only_where_a_file_may_say_it(end: str, said: dict[str, str]) -> None:
    assert GRANT.read is not None

    found = GRANT.read({"created_at": "2026-09-01T00:00:00Z", "expires_at": end}, {})

    assert {name: value for name, value in found.items() if name != "created_at"} == said
    assert problems(GRANT, {**GRANT.example, **said}) == ()
