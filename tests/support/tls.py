"""A loopback server behind TLS, with a certificate of its own that no public authority knows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.support.sockets import answering

CERTIFICATE = Path(__file__).with_name("loopback.pem")
"""For 127.0.0.1 and a hundred years, with its key: worth nothing anywhere else."""


@contextmanager
def answering_with_tls(answers: Sequence[bytes]) -> Iterator[tuple[str, list[bytes]]]:
    """A base URL, and the requests seen so far; as `answering`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with answering(answers, secured=context) as (base, seen):
        yield base.replace("http:", "https:"), seen
