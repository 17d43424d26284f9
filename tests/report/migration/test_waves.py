from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.report.migration.stopping import Condition, parse_condition
from billsync.report.migration.waves import Share, parse_shares, place_of, share_of

KEYS = [f"customer-{number}" for number in range(2000)]


def shares(text: str) -> tuple[Share, ...]:
    found = parse_shares(text)
    assert isinstance(found, tuple)
    return found


def condition(text: str) -> Condition:
    found = parse_condition(text)
    assert isinstance(found, Condition)
    return found


def test_shares_count_from_the_start() -> None:
    assert shares("1%, 25%,rest") == (
        Share("1%", Fraction(1, 100)),
        Share("25%", Fraction(1, 4)),
        Share("rest", Fraction(1)),
    )


@pytest.mark.parametrize("text", ["", "1", "1%,", "101%", "rest,rest", "100%,rest", "-1%", "1.%", "½%", "1e1%"])
def test_a_text_that_is_no_share_is_named(text: str) -> None:
    assert isinstance(parse_shares(text), str)


def test_shares_are_about_as_large_as_they_say() -> None:
    found = [share_of(shares("1%,25%,rest"), key) for key in KEYS]

    names = [share.name for share in found if share]
    assert [names.count(name) for name in ("1%", "25%", "rest")] == [13, 479, 1508]


@given(st.text(min_size=1), st.integers(1, 99))
def test_whoever_is_in_a_share_is_in_every_larger_one(key: str, percent: int) -> None:
    small, large = (share_of(shares(f"{size}%"), key) for size in (percent, percent + 1))

    assert 0 <= place_of(key) < 1
    assert small is None or large is not None


@pytest.mark.parametrize(
    ("text", "failed", "refused", "holds"),
    [
        ("failed>0", 1, 0, True),
        ("failed>0", 0, 5, False),
        ("failed>1%", 2, 0, False),
        ("failed>1%", 3, 0, True),
        ("failed > 1.25 %", 3, 0, None),
        ("failed>1.25%", 3, 0, True),
        ("refused>4", 9, 4, False),
        ("refused>4", 0, 5, True),
    ],
)
def test_a_condition_holds_for_a_wave_of_two_hundred(text: str, failed: int, refused: int, holds: bool | None) -> None:
    if holds is None:
        assert isinstance(parse_condition(text), str)
    else:
        assert condition(text).holds(failed=failed, refused=refused, size=200) is holds
