import csv
import io

import pytest

from billsync.render.formats.csv_text import csv_text

CELLS = {
    "plain": "plain",
    "": "",
    "-0.5": "-0.5",
    "-12": "-12",
    "0.25": "0.25",
    "=1+1": "'=1+1",
    "+1": "'+1",
    "+cmd": "'+cmd",
    "-cmd": "'-cmd",
    "--5": "'--5",
    "-5-2": "'-5-2",
    "-1.": "'-1.",
    "-1e5": "'-1e5",
    "-²": "'-²",
    "-": "'-",
    "@SUM(A1)": "'@SUM(A1)",
    "＝1+1": "'＝1+1",
    " =1+1": "' =1+1",
    "\u00a0@x": "'\\xa0@x",
    "\tx": "'\\tx",
    "\rx": "'\\rx",
    "\nx": "'\\nx",
    "a\nb": "a\\nb",
    "a\x1b[31mb": "a\\x1b[31mb",
    "a\x9bb\x7f": "a\\x9bb\\x7f",
    "a\u202eb": "a\\u202eb",
    'say "hi", now': 'say "hi", now',
}


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_reaches_a_spreadsheet_as_harmless_text_or_a_number(cell: str) -> None:
    text = csv_text(("name", "next"), [(cell, "x")])

    assert list(csv.reader(io.StringIO(text))) == [["name", "next"], [CELLS[cell], "x"]]
    assert text.count("\n") == 2
    assert all(char.isprintable() for char in text.replace("\n", ""))
