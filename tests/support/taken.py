"""A recovery snapshot that a shell takes of its server, after usage of a customer."""

from __future__ import annotations

from tests.support.addon_shop import server
from tests.support.command import Shell

DAYS = 10 * 24 * 3600


def take(shell: Shell) -> None:
    """Take a snapshot of the shell's server."""
    ran = shell.run("dump", "--snapshot", "live.snapshot", "--events", "--server", "local:")
    assert (ran.code, "nothing moved meanwhile" in ran.err) == (0, True)


def request(shell: Shell, count: int) -> None:
    """Acme makes as many requests, now."""
    at = shell.clock.now().isoformat()
    one = {"specversion": "1.0", "source": "test", "type": "request", "subject": "acme-prod"}
    with server(shell) as client:
        assert client.post("/events", json=[{**one, "id": f"{at}-{n}"} for n in range(count)]).status_code == 202
