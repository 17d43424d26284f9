"""Every scenario over the command line, against a local server on a loopback port, or a real one.

`BILLSYNC_TEST_SERVER=http://… ./scripts/test -m scenarios` points them at another server, which need not be empty:
each scenario has keys of its own in each run. A token is taken from BILLSYNC_TOKEN.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import yaml

from billsync.cli.terminal.surroundings import SystemClock
from billsync.local import create_app
from tests.scenarios.server import Server
from tests.scenarios.story import Stage, read, stories
from tests.support.command import Shell
from tests.support.loopback import listening
from tests.support.stripe_server import billing_by_stripe

pytestmark = pytest.mark.thorough

VARIABLE = "BILLSYNC_TEST_SERVER"
TOKEN = "BILLSYNC_TOKEN"


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base of the server that all scenarios share."""
    if named := os.environ.get(VARIABLE):
        yield named.rstrip("/")
        return
    app = create_app(str(tmp_path_factory.mktemp("server") / "local.db"), clock=lambda: datetime.now(UTC))
    with listening(app) as port:
        yield f"http://127.0.0.1:{port}/api/v3"
        check_dump(f"http://127.0.0.1:{port}/api/v3", tmp_path_factory.mktemp("dump") / "all.yaml")
    app.close()


def check_dump(base: str, path: Path) -> None:
    """Check that a dump of the server that all scenarios were played on has no difference from it."""
    shell = Shell(clock=SystemClock())
    dumped = shell.run("dump", "--server", base, "-o", str(path))
    if not yaml.safe_load(path.read_text()):  # some scenarios play on servers of their own only
        return
    compared = shell.run("diff", str(path), "--server", base, "--format", "json")
    assert (dumped.code, compared.code) == (0, 0), compared.out
    assert [change for found in json.loads(compared.out)["changes"].values() for change in found] == []


@pytest.fixture(scope="session")
def stripe_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base of a server whose default profile collects by Stripe. The embedded one has no Stripe app, so that reads
    of its billing are answered in front of it; a real one is taken as it is."""
    if named := os.environ.get(VARIABLE):
        yield named.rstrip("/")
        return
    app = create_app(str(tmp_path_factory.mktemp("stripe") / "local.db"), clock=lambda: datetime.now(UTC))
    with listening(billing_by_stripe(app)) as port:
        yield f"http://127.0.0.1:{port}/api/v3"
    app.close()


@pytest.fixture
def stage(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """An empty folder, and keys that nobody else has, on the server that the scenario needs."""
    base = request.getfixturevalue("stripe_base" if "stripe" in _needs(request) else "base")
    token = {TOKEN: os.environ[TOKEN]} if TOKEN in os.environ else {}
    headers = {"authorization": f"Bearer {token[TOKEN]}"} if token else {}
    with httpx.Client(base_url=f"{base}/openmeter", headers=headers, timeout=60) as http:
        server = Server(base, http)
        if "stripe" in _needs(request) and not server.bills_by_stripe:
            pytest.skip("the default billing profile of this server doesn't collect by Stripe")
        yield Stage(server, tmp_path, f"r{secrets.token_hex(4)}", token, monkeypatch)


def _needs(request: pytest.FixtureRequest) -> Sequence[str]:
    """The parts of a scenario's server that not every server has."""
    found: Sequence[str] = read(request.getfixturevalue("path")).get("needs", [])
    return found


@pytest.mark.scenarios
@pytest.mark.parametrize("path", stories(), ids=lambda path: path.stem)
def test_scenario(path: Path, stage: Stage) -> None:
    stage.play(read(path))
