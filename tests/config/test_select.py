"""`_info.select`: labels and kinds, and what contradicts them, each with its place."""

from __future__ import annotations

from io import StringIO

import pytest

from billsync.config import load
from billsync.kinds.registry import KINDS
from billsync.model.selection import Selection
from billsync.model.state import Desired

MORE = "meters: [{key: calls, name: Calls, event_type: e, aggregation: count, labels: {team: sales}}]\n"


def loaded(select: str, more: str = "") -> tuple[Desired, list[str]]:
    """The desired state, and the mistakes, each as `line:column: code`."""
    text = f"_info: {{select: {select}}}\n{more}customers: [{{key: a, name: A}}]\n"
    desired, findings = load(["-"], registry=KINDS, stdin=StringIO(text))
    return desired, [f"{at.line}:{at.column}: {each.code}" for each in findings if (at := each.position)]


def test_labels_and_kinds_are_read() -> None:
    desired, findings = loaded("{labels: {team: payments}, kinds: [customer, grant]}")

    assert findings == []
    assert desired.selection == Selection(labels={"team": "payments"}, kinds=frozenset({"customer", "grant"}))


@pytest.mark.parametrize(
    ("select", "more", "expected"),
    [
        ("{}", "", ["1:17: wrong-count"]),
        ("{labels: {billsync_team: a}}", "", ["1:27: label"]),
        ("{labels: {team: a_b_c}}", "", ["1:27: label"]),
        ("{kinds: [custmer]}", "", ["1:26: not-a-choice"]),
        ("{kinds: [meter, grant]}", "", ["1:33: selected-without-parent"]),
        ("{kinds: [meter, meter]}", "", ["1:25: repeated-value"]),
        ("{label: {team: a}}", "", ["1:18: unknown-field"]),
        ("{labels: {team: payments}}", MORE, ["2:86: other-selected-label"]),
    ],
)
def test_a_mistake_in_a_selection_has_its_place(select: str, more: str, expected: list[str]) -> None:
    assert loaded(select, more)[1] == expected


def test_entities_are_chosen_by_kind_and_key() -> None:
    desired, codes = loaded("{entities: [plan/pro, 'grant/acme/*', '*/x']}")

    assert (desired.selection.entities, codes) == ((("plan", "pro"), ("grant", "acme/*"), ("*", "x")), [])


@pytest.mark.parametrize(("pattern", "code"), [("plans/pro", "1:29: unknown-kind"), ("pro", "1:29: malformed-text")])
def test_an_entity_of_no_kind_is_a_mistake(pattern: str, code: str) -> None:
    _, codes = loaded(f"{{entities: [{pattern}]}}")

    assert codes == [code]
