"""The law of remembered places: they give what a search through the row gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from billsync.core.dump_alike.passing_texts import PASSING, PassingTexts
from tests.support.budgets import examples

IDS = (b"01K5E3Z7AB0300000000000000", b"01K5E3Z7AB0300000000000001")
TIMES = (b"2026-01-01T00:00:00.12345Z", b"2026-01-01T00:00:00Z", b"2027-01-01T00:00:00Z", b"2026-02-30T00:00:00Z")
PIECES = (*IDS, *TIMES, b'"', b'","', b'":"', b'\\"', b"a", b"01K5E3Z7AB030000000000000I", b"")
rows = st.lists(st.sampled_from(PIECES), max_size=9).map(b'"'.join)


@settings(max_examples=examples(150))
@given(st.lists(rows, max_size=12))
def test_remembered_places_give_what_a_search_gives(contents: list[bytes]) -> None:
    passing = PassingTexts()
    frames: dict[int, tuple[bytes, ...]] = {}

    for content in (*contents, *contents):
        found, parts = passing.cut(content), PASSING.split(content)

        assert found.texts == tuple(sorted(parts[1::2], key=lambda text: text in TIMES))
        marks = (*parts[::2], *(b"time" if text in TIMES else b"id" for text in parts[1::2]))
        assert frames.setdefault(found.frame, marks) == marks
    assert len({*frames.values()}) == len(frames)
