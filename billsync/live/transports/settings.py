"""Settings of a client: whom it shows itself to be, how long it waits, and what carries its requests."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from billsync import __version__
from billsync.core.secrets.hiding import NOTHING_HIDDEN, Mask
from billsync.live.protocol.exchange import ACCEPTED
from billsync.live.protocol.patience import Patience
from billsync.live.protocol.requested import Requested, unheard
from billsync.live.transports.embedded import App
from billsync.model.limits import ANSWER_SECONDS, REQUEST_SECONDS

if TYPE_CHECKING:
    import ssl

    import httpx

    from billsync.live.transports.wire import DeadlineTransport


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a client. `embedded` is the server in this process, `transport` and `network` stand in for the
    network, and `insecure_token` lets a token go over plain http.

    `environment` may name a proxy. `trust` replaces the certificates that the environment names, `headers` are added to
    each request, and a request may take `request_seconds`, with silences of `answer_seconds`. `hidden` masks what must
    not be repeated from an answer. `on_request` is called after each request, by the thread that made it.
    `held_back` begins a short block whose end the interrupts of this thread wait for.
    """

    token: str | None = field(default=None, repr=False)
    insecure_token: bool = False
    embedded: App | None = None
    transport: httpx.BaseTransport | None = None
    network: DeadlineTransport | None = None
    answer_seconds: float = ANSWER_SECONDS
    request_seconds: float = REQUEST_SECONDS
    trust: ssl.SSLContext | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    on_request: Callable[[Requested], None] = unheard
    patience: Patience = field(default_factory=Patience)
    user_agent: str = f"billsync/{__version__}"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    hidden: Mask = NOTHING_HIDDEN
    held_back: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def sent_headers(self) -> Mapping[str, str]:
        """The headers of each request; a given one replaces billsync's own of the same name, but for the token."""
        own = {
            "User-Agent": self.user_agent,
            "Accept": "application/json, application/problem+json",
            "Accept-Encoding": ACCEPTED,
        }
        token = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        spelled = {name.lower(): name for name in (*own, *self.headers, *token)}
        values = {name.lower(): value for name, value in (*own.items(), *self.headers.items(), *token.items())}
        return {spelled[name]: value for name, value in values.items()}
