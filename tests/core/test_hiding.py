"""A secret is masked wherever it stands in a text, and whichever way the text is cut."""

from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from billsync.core.secrets.hiding import PIECE, mask_of, whole_mask
from billsync.live.client import Client, Settings
from billsync.model.limits import SERVER_CHARACTERS
from billsync.model.ports import RemoteError
from billsync.model.source import Source
from tests.support.clock import FakeClock
from tests.support.mock_list import TARGET

TOKEN = "kpat_canary-S3cr3t.tok~1"


def shows(text: str, secret: str = TOKEN) -> bool:
    """Whether a piece of the secret can be read in the text."""
    text, secret = text.lower(), secret.lower()
    return any(secret[start : start + PIECE] in text for start in range(len(secret) - PIECE + 1))


@given(
    before=st.integers(0, 120),
    piece=st.tuples(st.integers(0, len(TOKEN)), st.integers(0, len(TOKEN))),
    after=st.integers(0, 120),
    spelling=st.sampled_from([str, lambda text: quote(text, safe=""), lambda text: text * 2]),
    at_most=st.integers(1, 60),
)
def test_no_piece_of_a_secret_outlives_a_cut(before, piece, after, spelling, at_most) -> None:  # type: ignore[no-untyped-def]
    said = TOKEN[piece[0] :] + TOKEN + TOKEN[: piece[1]]

    masked = mask_of(TOKEN)("é" * before + spelling(said) + "x" * after, at_most=at_most)

    assert not shows(masked)
    assert len(masked) <= at_most


@pytest.mark.parametrize("secret", ["a", "short", TOKEN])
def test_a_secret_of_any_length_is_masked_whole(secret: str) -> None:
    assert mask_of(secret)(f"<{secret}>", at_most=99) == "<***>"


def test_a_text_without_a_secret_stays_and_is_cut_with_a_sign() -> None:
    mask = mask_of(TOKEN, None, "")

    assert mask("as it is", at_most=8) == "as it is"
    assert mask("as it was", at_most=8) == "as it w…"
    assert TOKEN not in repr(mask)


def test_what_is_printed_keeps_words_that_equal_a_value() -> None:
    texts = {Source("env", "A"): "customer", Source("env", "B"): "Über uns", Source("env", "C"): "s3cret-value"}

    masked = whole_mask(texts, TOKEN).whole(f'{{"customer": "s3cret-value, Über uns, {TOKEN}, s3cret-val"}}')

    assert masked == '{"customer": "(from env C), Über uns, ***, s3cret-val"}'


def said_by(response: httpx.Response) -> str:
    """What a person reads when a read is answered like this."""
    settings = Settings(token=TOKEN, transport=httpx.MockTransport(lambda request: response))
    remote = Client(TARGET, FakeClock(), settings)
    try:
        return remote.get("/x").message + remote.call("POST", "/x", {}).message
    except RemoteError as error:
        return str(error)


@pytest.mark.parametrize("place", [*range(SERVER_CHARACTERS - 60, SERVER_CHARACTERS + 10, 3), 0, 9 * SERVER_CHARACTERS])
@pytest.mark.parametrize("member", ["detail", "title", "reason", "message", "code"])
def test_a_secret_at_the_edge_of_a_message_is_masked(place: int, member: str) -> None:
    text = "x" * place + TOKEN + "y" * 50
    bodies = {
        "reason": {"invalid_parameters": [{"field": "f", "rule": "r", "reason": text}]},
        "message": {"extensions": {"validationErrors": [{"code": "c", "message": text}]}},
        "code": {"extensions": {"code": text}},
    }

    said = said_by(httpx.Response(403, json=bodies.get(member, {member: text})))

    assert said
    assert not shows(said)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(401, json={"detail": f"bad token {TOKEN}"}),
        httpx.Response(302, headers={"Location": f"https://{TOKEN}:{TOKEN}@a.example/{TOKEN}?{TOKEN}#{TOKEN}"}),
        httpx.Response(302, headers={"Location": f"https://a.example/{quote(TOKEN)}"}),
        httpx.Response(418, headers={"Content-Type": f"text/{TOKEN}"}, content=b"x"),
        httpx.Response(200, headers={"Content-Type": f"{'x' * 1980}{TOKEN}"}, content=b"x"),
        httpx.Response(500, headers={"Content-Type": f"text/{TOKEN}"}, content=b"x"),
        httpx.Response(504, headers={"Content-Type": f"text/{TOKEN}"}, content=b"x"),
        httpx.Response(200, headers={"Content-Encoding": TOKEN}, content=b""),
    ],
)
def test_a_secret_in_a_header_or_a_place_is_masked(response: httpx.Response) -> None:
    said = said_by(response)

    assert said
    assert not shows(said)


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_secret_in_the_text_of_an_exception_is_masked(error: type[httpx.TransportError]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("x" * 1960 + TOKEN, request=request)

    remote = Client(TARGET, FakeClock(), Settings(token=TOKEN, transport=httpx.MockTransport(handler)))

    with pytest.raises(RemoteError) as raised:
        remote.get("/x")

    assert not shows(str(raised.value))
