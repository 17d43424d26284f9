"""What the tables say about themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from billsync.kinds.registry import KINDS
from billsync.model.kind import Kind
from billsync.schema.explain import Explanation, explain

EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))


def test_a_field_is_explained_with_its_effect_default_and_example() -> None:
    assert explain(KINDS["grant"], ("priority",)) == Explanation(
        path=("grant", "priority"),
        doc="Lower numbers are used up first.",
        takes="a whole number",
        effect="can't be changed on a live entity",
        default=10,
        example=10,
    )


def test_a_path_leads_through_lists_and_forms() -> None:
    explanation = explain(KINDS["plan"], ("phases", "rate_cards", "price", "tiers", "up_to_amount"))

    assert explanation is not None
    assert (explanation.takes, explanation.effect) == ("an exact number, plain or quoted", "makes a new version")


def test_a_kind_is_explained_with_all_its_fields() -> None:
    explanation = explain(KINDS["meter"], ())

    assert explanation is not None
    assert [name for name, _ in explanation.fields] == list(KINDS["meter"].record.fields)


def test_what_cannot_be_declared_says_why() -> None:
    explanation = explain(KINDS["customer"], ("billing",))

    assert explanation is not None
    assert explanation.refused == KINDS["customer"].record.fields["billing"].refused


@pytest.mark.parametrize("path", [("nothing",), ("price", "amount"), ("key", "inside")])
def test_a_field_that_is_not_there_is_not_explained(path: tuple[str, ...]) -> None:
    assert explain(KINDS["plan"], path) is None


@EVERY_KIND
def test_every_field_at_every_depth_has_words_and_a_form(kind: Kind) -> None:
    silent = [item.path for item in everything(kind, (), 0) if not item.doc or not item.takes]

    assert silent == []


def everything(kind: Kind, path: tuple[str, ...], depth: int) -> Iterator[Explanation]:
    explanation = explain(kind, path)
    assert explanation is not None
    yield explanation
    for name, _ in explanation.fields if depth < 6 else ():
        yield from everything(kind, (*path, name), depth + 1)
