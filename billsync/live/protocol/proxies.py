"""Proxies from the environment; never one for a server on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from billsync.live.protocol.target import Target
from billsync.model.ports import Unreachable

if TYPE_CHECKING:
    import httpx


def proxy_to(target: Target, environment: Mapping[str, str]) -> httpx.Proxy | None:
    """The proxy that `HTTPS_PROXY` (or `HTTP_PROXY`) names, else `ALL_PROXY`, in small letters too.

    Raises Unreachable for one that can't be used; its address may hold a password, so it is not shown.
    """
    parts = urlsplit(target.base)
    if target.is_loopback or _is_direct(parts, _set(environment, "no_proxy")[1]):
        return None
    name, address = _set(environment, f"{parts.scheme}_proxy", "all_proxy")
    if not address:
        return None
    import httpx  # loads in a tenth of a second

    try:
        proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
        port_is_read = proxy.url.port
    except (ValueError, httpx.InvalidURL) as error:
        raise _unusable(target, name) from error
    if not proxy.url.host or port_is_read == 0:
        raise _unusable(target, name)
    return proxy


def _is_direct(parts: SplitResult, no_proxy: str) -> bool:
    """Whether `NO_PROXY` names the host: itself, a domain above it, with or without its port, or `*`."""
    host = (parts.hostname or "").lower()
    for entry in no_proxy.lower().split(","):
        name, _, port = entry.strip().lstrip("*").lstrip(".").partition(":")
        if entry.strip() == "*" or (name and port in ("", str(parts.port)) and f".{host}".endswith(f".{name}")):
            return True
    return False


def _set(environment: Mapping[str, str], *names: str) -> tuple[str, str]:
    """The first of the variables that is set, and its value; empty texts if none is."""
    for name in names:
        for spelling in (name, name.upper()):
            if value := environment.get(spelling, "").strip():
                return spelling, value
    return "", ""


def _unusable(target: Target, name: str) -> Unreachable:
    forms = "http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT"
    return Unreachable(f"{target.name} can't be reached: the proxy that {name} names can't be used; give {forms}")
