"""Losses of a dump as rows of a report, and sentences that hold nothing of a row but in their values."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

import billsync
from billsync.core.dump.losses import LossRow, loss_of, loss_rows
from billsync.model.address import Address
from billsync.model.codes.losses import LOSSES
from billsync.model.said import Quote, Telling, Word, sentence

PACKAGE = Path(billsync.__file__).parent
ACME, PRO = Address("customer", ("acme",)), Address("plan", ("pro",), 2)
TABLE = (PACKAGE.parent / "docs" / "dump.md").read_text("utf-8")
MAKERS = frozenset({"loss_of", "sentence", "Said"})
HIDDEN = Telling(lambda name: "…", lambda address: f"{address.kind}/…", lambda quote: quote.instead)


def test_losses_that_are_alike_are_counted_in_one_row() -> None:
    gone = [loss_of("no-key", "a grant has no key", ACME, kind="grant") for _ in range(2)]

    assert loss_rows([*gone, loss_of("owners", "several")]) == (
        LossRow("", "", "", "owners", "several", 1),
        LossRow("grant", "acme", "", "no-key", "a grant has no key", 2),
    )


def test_a_sentence_is_shown_with_other_names() -> None:
    inner = sentence("was {state}", state=Word("voided"))
    said = sentence("{it} × {n} {names}: {quote}: {of}, {inner}, {rest!r}", it=PRO, n=2, names=("a", "b"),
                    quote=Quote("a is b", "bad"), of=Decimal("1.50"), inner=inner, rest="{c}")  # fmt: skip

    assert said.text == "plan/pro@2 × 2 a, b: a is b: 1.5, was voided, '{c}'"
    assert said.shown(HIDDEN) == "plan/… × 2 …, …: bad: 1.5, was voided, '…'"


def templates() -> Iterator[tuple[str, ast.expr]]:
    """The templates of all sentences in the package, but those of a table: constants, or what stands under a name."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "sentence" in text or "loss_of" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                yield f"{path.name}:{node.lineno}", node.args[1 if node.func.id == "loss_of" else 0]


def test_no_template_is_made_of_a_row() -> None:
    """A template with a value in it would be shown where names are hidden."""
    found = dict(templates())

    assert len(found) > 20
    assert [place for place, given in found.items() if isinstance(given, ast.JoinedStr | ast.BinOp)] == []


@pytest.mark.parametrize("code", [code.name for code in LOSSES.codes])
def test_each_loss_stands_in_the_table_of_dumps(code: str) -> None:
    assert f"`{code}`" in TABLE
