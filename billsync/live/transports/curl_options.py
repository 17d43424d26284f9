"""The options of libcurl's handles, which are the same for reads and for writes.

libcurl reads no files of its user and no environment here: every option that could let it do so is set. It is laxer
than httpcore in one thing, from which no content comes: line ends, and what follows a size, between the chunks of a
body.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import ceil
from typing import Any

from billsync.model.frozen import dataclass

SUPPRESS_CONNECT_HEADERS = 265
"""CURLOPT_SUPPRESS_CONNECT_HEADERS, to which pycurl gives no name."""

IDLE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class CurlWay:
    """The constants of all requests: headers, proxy, certificates (a file's name or PEM), and limits in seconds.

    `held_back` begins a block whose end interrupts wait for.
    """

    headers: Sequence[str]
    proxy: str | None
    proxy_login: tuple[str, str] | None
    authorities: str | bytes | None
    connecting: float
    silence: float
    whole: float
    held_back: Callable[[], AbstractContextManager[None]] = nullcontext


def easy_handle(curl: Any, way: CurlWay) -> Any:
    """A handle with every option that is the same for all requests; it is made for GETs."""
    easy = curl.Curl()
    options = {
        curl.HTTPGET: 1,
        curl.HTTP_VERSION: curl.CURL_HTTP_VERSION_1_1,
        curl.HTTP09_ALLOWED: 0,
        curl.PROTOCOLS: curl.PROTO_HTTP | curl.PROTO_HTTPS,
        curl.FOLLOWLOCATION: 0,
        curl.HTTPHEADER: list(way.headers),
        curl.USERAGENT: "",  # the headers have it; a proxy would be shown all that pycurl is made of
        curl.HEADEROPT: curl.HEADER_SEPARATE,
        curl.NETRC: curl.NETRC_IGNORED,
        curl.PATH_AS_IS: 1,
        curl.NOSIGNAL: 1,
        curl.TCP_NODELAY: 1,
        curl.MAXAGE_CONN: IDLE_SECONDS,
        curl.CONNECTTIMEOUT_MS: _milliseconds(way.connecting),
        curl.TIMEOUT_MS: _milliseconds(way.whole),
        curl.LOW_SPEED_LIMIT: 1,
        curl.LOW_SPEED_TIME: ceil(way.silence),
        curl.SSL_VERIFYPEER: 1,
        curl.SSL_VERIFYHOST: 2,
        curl.SSLVERSION: curl.SSLVERSION_TLSv1_2,
        SUPPRESS_CONNECT_HEADERS: 1,
        **_proxy(curl, way),
    }
    for option, value in options.items():
        easy.setopt(option, value)
    _trust(curl, easy, way.authorities)
    return easy


def _milliseconds(seconds: float) -> int:
    return max(1, ceil(seconds * 1000))


def _proxy(curl: Any, way: CurlWay) -> dict[int, Any]:
    """The options of the proxy. An empty name, and no exceptions, keep libcurl from looking into the environment."""
    login = {curl.PROXYUSERNAME: way.proxy_login[0], curl.PROXYPASSWORD: way.proxy_login[1]} if way.proxy_login else {}
    return {curl.PROXY: way.proxy or "", curl.NOPROXY: "", curl.PROXYAUTH: curl.HTTPAUTH_BASIC, **login}


def _trust(curl: Any, easy: Any, authorities: str | bytes | None) -> None:
    """Trust these certificates and none that libcurl knows itself."""
    easy.unsetopt(curl.CAPATH)
    if isinstance(authorities, bytes):
        easy.setopt(curl.CAINFO_BLOB, authorities)
    else:
        easy.setopt(curl.CAINFO, os.fsencode(authorities or ""))
