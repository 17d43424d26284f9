"""What is remembered of numbers: equal ones that are written otherwise aren't taken for each other."""

from decimal import Decimal

from billsync.core.declared.certainty import surely_sound
from billsync.kinds.registry import KINDS

AMOUNTS = ("1", "1.0", "1.00", "1.000", "1.0000000000000000000000000000000000001", "0", "-1", "1E+3")
GRANT = {"key": "g", "name": "Gift", "currency": "USD", "funding_method": "none"}


def test_sound_numbers_are_remembered_as_they_are_written() -> None:
    amounts = [made for text in AMOUNTS for made in (text, Decimal(text))]
    remembering = surely_sound(KINDS["grant"])

    for amount in (*amounts, *reversed(amounts)):
        fields = {**GRANT, "amount": amount}
        assert remembering(fields) == surely_sound(KINDS["grant"])(fields), repr(amount)
