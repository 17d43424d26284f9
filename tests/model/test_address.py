"""An address is written as text, and read again from it, whatever its names are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.model.address import Address, parse_address

NAMES = st.lists(st.text(max_size=6), min_size=1, max_size=3).map(tuple)


@given(NAMES, st.none() | st.integers(0, 99))
def test_an_address_is_read_as_it_was_written(names: tuple[str, ...], version: int | None) -> None:
    address = Address("subscription", names, version)

    assert parse_address(address.text) == address


def test_a_customer_without_a_key_has_an_address_whose_name_is_empty() -> None:
    """API v3 shows an empty key where v1 took it away (customer-facts.md §3.1)."""
    assert parse_address("subscription//default") == Address("subscription", ("", "default"))


@pytest.mark.parametrize("text", ["plan", "", "/pro", "plan/pro@x"])
def test_other_texts_are_no_addresses(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        parse_address(text)
