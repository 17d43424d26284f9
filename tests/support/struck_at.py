"""A fault at the call with a number, where calls follow one another, as those of a plan file do."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from tests.support.faults import Fault, FaultyTransport, Point


class StruckAt(FaultyTransport):
    """Strikes the call with a number; the calls of a plan file follow one another."""

    number: int = 0

    def _noted(self, request: httpx.Request) -> Point:
        point = super()._noted(request)
        if len(self.calls) == self.number + 1:
            self.point = point
        return point


def struck(fault: Fault, number: int) -> Callable[[httpx.BaseTransport], httpx.BaseTransport]:
    """What puts a fault at the call with this number."""

    def wrap(inner: httpx.BaseTransport) -> httpx.BaseTransport:
        transport = StruckAt(inner, fault)
        transport.number = number
        return transport

    return wrap
