"""What tests of the local server ask for again and again: a thing made, and the codes of a refusal."""

from typing import Any

import httpx


def made(server: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """What the server made of the body."""
    answer = server.post(path, json=body)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def codes(answer: httpx.Response) -> list[str]:
    """The codes of the rules that the server found broken, in its order."""
    return [issue["code"] for issue in answer.json()["extensions"]["validationErrors"]]
