import json

from hypothesis import given
from hypothesis import strategies as st

from billsync.render.formats.json_text import CHUNK, Lines, json_chunks, json_text

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
DOCUMENTS = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20)


@given(DOCUMENTS)
def test_a_document_is_written_as_the_json_module_writes_it(document: object) -> None:
    written = json_text(document)

    plain = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    assert written == plain or not plain.replace("\n", "").isprintable()
    assert json.loads(written) == document
    assert written.replace("\n", "").isprintable()


def test_long_lists_have_a_row_on_each_line() -> None:
    rows = Lines((1, 2), lambda number: {"number": number, "list": [number]})

    written = "".join(json_chunks({"rows": rows, "none": Lines((), str)}))

    assert (
        written
        == """\
{
  "rows": [
    {"number": 1, "list": [1]},
    {"number": 2, "list": [2]}
  ],
  "none": []
}
"""
    )


def test_rows_are_formed_one_chunk_after_the_other() -> None:
    formed: list[int] = []

    def form(number: int) -> str:
        formed.append(number)
        return "x" * CHUNK

    chunks = json_chunks(Lines(range(3), form))
    first = next(chunks)

    assert (len(first) >= CHUNK, formed) == (True, [0])
    assert json.loads(first + "".join(chunks)) == ["x" * CHUNK] * 3


def test_long_lists_can_be_looked_into() -> None:
    rows = Lines((1, 2, 3), lambda number: number * 10)

    assert (len(rows), rows[0], rows[-1], list(rows[1:]), list(rows)) == (3, 10, 30, [20, 30], [10, 20, 30])
