"""Hints of commands whose wanted state stands in no file: they never say what to do in one."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import billsync.core
from billsync.core.observed import chain_refusals, refusals
from billsync.core.observed.refusals import Refusal
from billsync.core.observed.without_files import AGAIN, HINTS, speaks_of_files, worded_for
from billsync.model.address import Address
from billsync.model.change import Action, Change, Guard, Outcome, PlanFile

REFUSALS = [one for module in (refusals, chain_refusals) for one in vars(module).values() if isinstance(one, Refusal)]


def noted() -> Iterator[tuple[str, str]]:
    """The code and the hint of each note in the code, with `{}` for each value."""
    for path in Path(billsync.core.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            named = {word.arg: word.value for word in getattr(node, "keywords", ())}
            if isinstance(node, ast.Call) and {"code", "hint", "reason"} <= named.keys():
                code = named["code"].value if isinstance(named["code"], ast.Constant) else ""
                yield str(code), re.sub(r"\{[^}]*\}", "{}", ast.unparse(named["hint"]))


def hinted(code: str, hint: str) -> PlanFile:
    change = Change(Address("plan", ("pro",)), Action.UPDATE, "updating", Outcome.REFUSED, hint=hint, code=code)
    return PlanFile("here", "me", "sync", (change,), (), (Guard("protected", "it is protected", ""),))


@pytest.mark.parametrize("command", AGAIN)
def test_no_hint_of_a_command_without_files_speaks_of_files(command: str) -> None:
    """Each refusal and note of the code has words of its own, and a hint that says nothing wrong stays."""
    texts = {(one.code, re.sub(r"\{(way_out|adopting|hint)\}", "`external`", one.hint)) for one in REFUSALS if one.hint}
    wrong = {(code, hint) for code, hint in (*texts, *noted()) if speaks_of_files(hint)}

    lacking = {code for code, _ in wrong if code not in HINTS}
    shown = [worded_for(hinted(code, hint), command).changes[0].hint for code, hint in sorted(wrong)]

    assert len(wrong) > 30
    assert lacking - {""} == set()
    assert [hint for hint in shown if speaks_of_files(hint.replace("from files", "")) or "{" in hint] == []
    assert worded_for(hinted("frozen-field", "end it first"), command).changes[0].hint == "end it first"
    assert "files" not in worded_for(hinted("", ""), command).guards[0].hint.replace("from the files", "")
    assert worded_for(hinted("not-owned", "list it under `external`"), "") == hinted(
        "not-owned", "list it under `external`"
    )
