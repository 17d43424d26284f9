"""Keys and globs: what `external`, `adopted` and policies name."""

import pytest

from billsync.model import globs
from billsync.model.address import Address
from billsync.model.globs import Patterns, literal


def test_thousands_of_keys_are_not_compared_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that was adopted whole has one for each entity, and each entity is asked for."""
    compared = []
    monkeypatch.setattr(globs, "fnmatchcase", lambda key, pattern: compared.append(pattern))
    patterns = Patterns({"grant": (*(f"c{number}/g" for number in range(1000)), "legacy_*")})

    found = [patterns.covers(Address("grant", (f"c{number}", "g"))) for number in range(0, 2000, 100)]

    assert found == [True] * 10 + [False] * 10
    assert set(compared) == {"legacy_*"}


@pytest.mark.parametrize("key", ["*", "a[b", "a]b", "a?", "a\\b", "a\nb", ""])
def test_a_literal_names_its_text_alone(key: str) -> None:
    patterns = Patterns({"plan": (literal(key),)})

    assert [patterns.match("plan", text) for text in (key, f"{key}x", f"x{key}", "ab")] == [True, False, False, False]
