"""CA certificates from a file, instead of those that the environment names."""

from __future__ import annotations

import ssl


def trust_in(path: str) -> ssl.SSLContext:
    """The context of connections that trust the certificates in a PEM file, and no others.

    Raises OSError (ssl.SSLError is one) for a file that can't be read or holds no certificate.
    """
    return ssl.create_default_context(cafile=path)
