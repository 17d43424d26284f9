"""The older API's lists: read whole, whatever the order of their pages, and an answer that isn't one is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from billsync.api.routes import routes
from billsync.live.lists.hidden_labels import read_document_of, read_documents
from billsync.live.protocol.target import Target
from billsync.model.ports import Answer, RemoteError
from billsync.model.value import Fields, Plain

PLANS = routes("openmeter")["plan"].hidden
assert PLANS is not None
BY_TWO = replace(PLANS, size=2)


@dataclass(slots=True)
class Older:
    """Answers with these pages in turn, whichever is asked for; the last one repeats."""

    pages: list[Answer]
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    def call(self, method: str, path: str, body: Plain = None) -> Answer:
        """Nothing is written."""
        raise AssertionError(path)

    def get(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        """The next page."""
        self.asked.append((path, dict(query)))
        return self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]


def page(total: int, *ids: str) -> Answer:
    items: list[Fields] = [{"id": server_id, "metadata": {"team": server_id}} for server_id in ids]
    return Answer(200, {"page": 1, "pageSize": 2, "totalCount": total, "items": items})


def test_all_pages_are_read_with_every_status() -> None:
    older = Older([page(3, "a", "b"), page(3, "c")])

    found = read_documents(older, BY_TWO)

    assert sorted(found) == ["a", "b", "c"]
    assert [(path, query["page"], query["pageSize"]) for path, query in older.asked] == [
        ("/v1/plans", "1", "2"),
        ("/v1/plans", "2", "2"),
    ]


def test_a_list_without_items_is_empty() -> None:
    assert read_documents(Older([Answer(200, {"totalCount": 0, "items": None})]), BY_TWO) == {}


@pytest.mark.parametrize(
    "second",
    [page(3, "b"), page(4, "c"), page(3)],
    ids=["a row twice", "another total", "an empty page"],
)
def test_a_list_that_changes_meanwhile_is_read_again(second: Answer) -> None:
    older = Older([page(3, "a", "b"), second, page(3, "a", "b"), page(3, "c")])

    assert sorted(read_documents(older, BY_TWO)) == ["a", "b", "c"]


def test_a_list_that_never_ends_is_an_error() -> None:
    older = Older([page(1_000_000_000, "a", "b")])

    with pytest.raises(RemoteError, match="keeps changing"):
        read_documents(older, BY_TWO)

    assert len(older.asked) == 8


@pytest.mark.parametrize("body", [[], {}, {"totalCount": "3", "items": []}, {"totalCount": 1, "items": [{"key": "a"}]}])
def test_an_answer_of_another_form_is_an_error(body: Any) -> None:
    with pytest.raises(RemoteError, match="not one of API v1"):
        read_documents(Older([Answer(200, body)]), BY_TWO)


def test_what_the_older_api_has_no_words_for_has_no_document() -> None:
    assert read_document_of(Older([Answer(400, {})]), BY_TWO, "a") is None
    assert read_document_of(Older([Answer(200, {"id": "a"})]), BY_TWO, "a") == {"id": "a"}


@pytest.mark.parametrize("answer", [Answer(404, {}), Answer(503), Answer(200, {"id": "b"})])
def test_a_document_that_cannot_be_read_is_an_error(answer: Answer) -> None:
    with pytest.raises(RemoteError):
        read_document_of(Older([answer]), BY_TWO, "a")


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("http://127.0.0.1:8888/api/v3", "http://127.0.0.1:8888/api/v1/plans"),
        ("https://gateway.example/billing/v3", "https://gateway.example/billing/v1/plans"),
        ("https://gateway.example/billing", None),
    ],
)
def test_the_older_api_is_at_the_same_place(base: str, url: str | None) -> None:
    assert Target(base).url("/v1/plans") == url
    assert Target(base).url("/openmeter/plans") == f"{base}/openmeter/plans"
