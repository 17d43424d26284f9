"""Limits of one client's requests."""

from __future__ import annotations

HEADER_BYTES = 64 * 1024
"""Of the request line and all headers together; more is answered with 431."""

BODY_BYTES = 16 * 1024 * 1024
"""Of one request's body; more is answered with 413, and not read."""

NESTED_VALUES = 100
"""Greatest depth of the lists and objects of a body."""

REQUEST_SECONDS = 30
"""From the first byte of a request (or from connecting) to its last; a slower client is cut off."""

IDLE_SECONDS = 60
"""Longest time that a connection stands unused; clients drop theirs earlier (httpx after 5 s), so that none is closed
under a request."""

CONNECTIONS = 256
"""At once; for one more, the one that was quiet for longest is closed."""

THREADS = 8
"""Requests at work at once. None of them ever waits for its client."""

BUSY_SECONDS = 30.0
"""Longest wait of a request for another process that writes to the same file; then it is answered with 503."""

HISTORY_WINDOWS = 5_000
"""In the history of an entitlement; more is answered with 400."""

PAST_PERIODS = 10_000
"""Largest number of usage periods of an entitlement before its making; more is answered with 400."""
