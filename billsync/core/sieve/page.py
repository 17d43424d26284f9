"""Pages of typed rows: each row with its own bytes, so that one in doubt can be read in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from billsync.core.sieve.form import Form
from billsync.model.ports import Decode, Page

S = TypeVar("S")

LONG = 1_000
"""Bytes of a row from which on it is looked at whether today's reader would go so deep, or read such a number."""
DEEP = 300
DIGITS = 4_000
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")


class _Place(msgspec.Struct, gc=False):
    total: int


class _Meta(msgspec.Struct, gc=False):
    page: _Place


class _Page(msgspec.Struct, gc=False):
    data: list[msgspec.Raw]
    meta: _Meta


_PAGES = msgspec.json.Decoder(_Page)


def page_decoder(
    form: Form,
    take: Callable[[Any], S],
    odd: Callable[[bytes], S | None] | None = None,
    known: Callable[[msgspec.Raw], S | None] | None = None,
) -> Decode[S]:
    """A decoder of pages; `take` makes of a typed row, which has its bytes, what is kept of it.

    `known` may make that of a row's bytes alone: of one that looks like a row that was decoded. Of a row that doesn't
    fit the form, `odd` makes it of its bytes; without it, or where that gives None, the page is in doubt.
    """

    def decode(body: bytes) -> Page[S] | None:
        page = split_page(body)
        if page is None:
            return None
        kept: list[S | None] = [None] * len(page.rows) if known is None else [*map(known, page.rows)]
        places = [place for place, made in enumerate(kept) if made is None]
        raws = page.rows if len(places) == len(kept) else [page.rows[place] for place in places]
        if not all(map(is_plain, raws)):
            return None
        rows = _typed(form, body) if raws is page.rows else None
        for place, raw, row in zip(places, raws, rows or (_typed_row(form, raw) for raw in raws), strict=True):
            if (made := _made(row, raw, form, take, odd)) is None:
                return None
            kept[place] = made
        return Page([made for made in kept if made is not None], page.total)

    return decode


def _made(
    row: Any, raw: msgspec.Raw, form: Form, take: Callable[[Any], S], odd: Callable[[bytes], S | None] | None
) -> S | None:
    """The part of a row that is kept; None where that isn't certain."""
    if row is not None and (form.keeps is None or form.keeps(row)):
        row.bytes = raw
        return take(row)
    return odd(bytes(raw)) if odd is not None else None


def _typed(form: Form, body: bytes) -> list[Any] | None:
    """The rows of a page, if all fit one form."""
    for decoder in form.decoders:
        try:
            found: list[Any] = decoder.decode(body).data
        except (msgspec.DecodeError, RecursionError):
            continue
        return found
    return None


def _typed_row(form: Form, raw: msgspec.Raw) -> Any:
    """One row, if it fits a form."""
    for decoder in form.single:
        try:
            return decoder.decode(raw)
        except (msgspec.DecodeError, RecursionError):
            continue
    return None


def split_page(body: bytes) -> Page[msgspec.Raw] | None:
    """The rows of a page as they are written; None where it isn't certain that all readers read the rest of it."""
    try:
        str(body, "utf-8")
        page = _PAGES.decode(body)
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError):
        return None
    total = page.meta.page.total
    return Page(page.data, total) if total >= 0 else None


def is_plain(raw: msgspec.Raw) -> bool:
    """Whether all readers of JSON surely read a row: neither nested deeply nor with a number of very many digits."""
    size = memoryview(raw).nbytes
    if size < LONG:
        return True
    text = bytes(raw)
    if text.count(b"[") + text.count(b"{") > DEEP:
        return False
    return size < DIGITS or b"0" * DIGITS not in text.translate(_DIGITS_ALIKE)
