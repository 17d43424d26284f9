"""Reads whose answer is plain, over libcurl: whether that can be used, and from a read to its URL.

libcurl gets the same proxy, certificates, headers and limits as the full client. Where it can't be sure to, it
isn't used.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import tee
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from billsync.live.fibers import Own
from billsync.live.protocol.proxies import proxy_to
from billsync.live.protocol.target import Target
from billsync.live.transports.curl_options import CurlWay
from billsync.live.transports.fetch import Fetch
from billsync.live.transports.over_curl import Lines
from billsync.live.transports.settings import Settings
from billsync.model.limits import CONNECT_SECONDS, READS_AT_ONCE
from billsync.model.plain_mode import is_plain
from billsync.model.ports import Get

if TYPE_CHECKING:
    import ssl

    import httpx

SEGMENTS = r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)"
PLAIN_BASE = re.compile(rf"https?://[A-Za-z0-9.\[\]:_-]+{SEGMENTS}*")
PLAIN_PATH = re.compile(f"{SEGMENTS}+")
"""A path that every client sends alike: nothing to encode, no empty segment, and none that begins with a dot."""
PLAIN_URL = re.compile(PLAIN_BASE.pattern + PLAIN_PATH.pattern)
PLAIN_VALUE = re.compile("[A-Za-z0-9_.~-]*")
"""A value of a query with nothing to encode."""

PROXY_PORTS = {"http": 80, "socks5": 1080, "socks5h": 1080}
"""The proxies that both clients use alike, with the port of an address without one."""

MISSES = 8
"""Reads in a row that libcurl failed at and the full client didn't, after which it isn't used any more."""

KEPT = {"Connection": "keep-alive"}
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""The variables in which httpx looks for certificates."""


class QuickReads:
    """Reads over libcurl. Threads may share it: each has connections of its own, which end with the thread, and so has
    each fiber.

    Raises ImportError where libcurl can't be used.

    `is_proved`: a server that the full client refuses would be refused here, too. Certificates of one's own may not
    keep to all the rules that Python's TLS has for them, and libcurl's hasn't.
    """

    def __init__(self, target: Target, way: CurlWay, *, is_proved: bool) -> None:
        self.way = way
        self._target = target
        self._is_plain = PLAIN_BASE.fullmatch(target.base) is not None
        self._lines = Own(self._new_lines)
        self._lines()
        self._missed = 0
        self._was_plain = False
        self.is_proved = is_proved

    def fetch(self, gets: Iterable[Get], at_once: int) -> Iterator[tuple[Fetch, Get]]:
        """The plain answer or failure of each read, in their order."""
        asked, own = tee(gets)
        ended = self._lines().fetch(map(self._url, asked), min(at_once, READS_AT_ONCE))
        return zip(ended, own)  # noqa: B905 (of the same reads)

    def judge(self, fetch: Fetch, *, was_plain: bool) -> None:
        """Note whether a read that the full client got an answer to was plain here.

        A server that libcurl gets nothing from, for whatever reason, is soon asked by the full client only.
        """
        if was_plain:
            self._missed = 0
            self._was_plain = True
        elif fetch.status in (None, 200) and fetch.url:
            self._missed += 1

    @property
    def are_plain(self) -> bool:
        """Whether the server was read over libcurl, and its last answers were plain."""
        return self._was_plain and not self._missed

    def close(self) -> None:
        """Close all connections of this thread."""
        self._lines().close()

    def _new_lines(self) -> Lines:
        return Lines(self.way, at_most=READS_AT_ONCE)

    def _url(self, get: Get) -> str | None:
        """The URL of a read; None for one that isn't plain, and where libcurl is of no use."""
        if self._missed >= MISSES or not self._is_plain or PLAIN_PATH.fullmatch(get.path) is None:
            return None
        url = self._target.url(get.path)
        if url is None:
            return None
        return f"{url}?{_query(get.query)}" if get.query else url


def quick_reads(target: Target, settings: Settings) -> QuickReads | None:
    """Quick reads, or None where the full client alone is to be used.

    Raises Unreachable for a proxy that can't be used.
    """
    stand_ins = (settings.transport, settings.network, settings.embedded)
    if any(each is not None for each in stand_ins) or is_plain(settings.environment):
        return None
    try:
        return _quick(target, settings, proxy_to(target, settings.environment))
    except ImportError:  # no pycurl
        return None


def needs_no_check(target: Target, settings: Settings) -> bool:
    """Whether nothing that the full client is given can be unusable, so that it needn't be made before it is needed."""
    names_certificates = target.base.startswith("https:") and _names_certificates()
    return not names_certificates and proxy_to(target, settings.environment) is None


def _quick(target: Target, settings: Settings, proxy: httpx.Proxy | None) -> QuickReads | None:
    if proxy is not None and proxy.url.scheme not in PROXY_PORTS:
        return None
    if not all(" " <= char <= "~" for value in settings.sent_headers.values() for char in value):
        return None
    authorities = _authorities(settings) if target.base.startswith("https:") else b""
    if authorities is None:
        return None
    way = CurlWay(
        headers=[f"{name}: {value}" for name, value in {**settings.sent_headers, **KEPT}.items()],
        proxy=_proxy_url(proxy) if proxy is not None else None,
        proxy_login=proxy.auth if proxy is not None else None,
        authorities=authorities or None,
        connecting=min(CONNECT_SECONDS, settings.request_seconds),
        silence=settings.answer_seconds,
        whole=settings.request_seconds,
        held_back=settings.held_back,
    )
    is_proved = not isinstance(authorities, bytes) or not authorities
    return QuickReads(target, way, is_proved=is_proved)


def _authorities(settings: Settings) -> str | bytes | None:
    """The certificates to trust: the file of all public ones, or those given as PEM; None where they can't be told."""
    if settings.trust is not None:
        return _pem(settings.trust)
    import certifi

    if not _names_certificates():
        return certifi.where()
    import httpx

    try:
        return _pem(httpx.create_ssl_context())
    except (OSError, ValueError):
        return None


def _names_certificates() -> bool:
    """Whether this process has certificates of its own: httpx itself looks there, so this must, too."""
    return any(os.environ.get(name) for name in CERTIFICATES)


def _pem(trust: ssl.SSLContext) -> bytes | None:
    from ssl import DER_cert_to_PEM_cert

    found = trust.get_ca_certs(binary_form=True)
    return "".join(map(DER_cert_to_PEM_cert, found)).encode() if found else None


def _proxy_url(proxy: httpx.Proxy) -> str:
    """The proxy's address; names of servers are left to a SOCKS proxy to resolve, as httpcore does."""
    host = f"[{proxy.url.host}]" if ":" in proxy.url.host else proxy.url.host
    scheme = "http" if proxy.url.scheme == "http" else "socks5h"
    return f"{scheme}://{host}:{proxy.url.port or PROXY_PORTS[proxy.url.scheme]}"


@lru_cache(maxsize=1024)
def _query(query: tuple[tuple[str, str], ...]) -> str:
    return "&".join(
        f"{_name(name)}={value if PLAIN_VALUE.fullmatch(value) else quote_plus(value)}" for name, value in query
    )


@lru_cache(maxsize=1024)
def _name(name: str) -> str:
    return quote_plus(name)
