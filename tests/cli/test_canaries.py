"""Law 9: a secret appears nowhere: in no output, file, journal or traceback, whichever way billsync was given it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Ran, Shell
from tests.support.loopback import App, serving

pytestmark = pytest.mark.thorough

TOKEN = "kpat_canary-token-93125"
NAME, OLDER, PRICE, NOTE = "Canary Incorporated 47", "Older Canary Limited 46", "73911.25", "canary-file-85201"
PASSWORD, WARES = "canary-hunter2-60417", "Canary wares no. 88"
HEADER = "canary-header-5511"
SECRETS = (WARES, HEADER, TOKEN, NAME, OLDER, PRICE, NOTE, PASSWORD)
FILES = """\
_info: {owner: payments, defaults: {plan: {currency: USD, billing_cadence: P1M}}}
features: [{key: seats, name: !env WARES}]
plans:
- key: pro
  name: !env NAME
  phases: [{key: a, name: A, rate_cards: [{feature: seats, price: {type: flat, amount: !env PRICE}}]}]
customers:
- key: acme
  name: !env NAME
  labels: {note: !file secrets/note}
  usage_attribution: {subject_keys: [!env NAME]}
  grants: [{key: welcome, name: !env WARES, amount: !env PRICE, currency: USD, funding_method: none}]
"""
BAD = "features: [{key: a, name: A, unit_cost: {type: manual, amount: !env NAME}}, {key: !env NAME, name: B}]\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "note").write_text(f"{NOTE}\n")
    (tmp_path / "shop.yaml").write_text(FILES)
    (tmp_path / "bad.yaml").write_text(BAD)
    return Shell(environment={"BILLSYNC_TOKEN": TOKEN, "NAME": NAME, "PRICE": PRICE, "WARES": WARES})


def echoing(app: App) -> App:
    """A server that refuses what is written to it, and repeats all that it was sent."""

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET":
            return app(environ, start_response)
        sent = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        start_response("400 Bad Request", [("Content-Type", "application/problem+json")])
        said = f"{environ.get('HTTP_AUTHORIZATION')} sent {sent}".replace("\\", "").replace('"', "'")
        return [f'{{"status": 400, "detail": "{said}"}}'.encode()]

    return wrapped


def shown(ran: Ran, folder: Path) -> Iterator[str]:
    """Everything that a command left behind, but for the database of the embedded server."""
    yield ran.out
    yield ran.err
    given = (folder / "shop.yaml", folder / "bad.yaml", folder / "secrets" / "note")
    for path in folder.rglob("*"):
        if path.is_file() and ".db" not in path.name and path not in given:
            yield path.read_text()


def leaks(ran: Ran, folder: Path) -> list[str]:
    """The secrets of which a piece can be read somewhere."""
    text = "\n".join(shown(ran, folder)).lower()
    return [secret for secret in SECRETS if any(secret[i : i + 8].lower() in text for i in range(len(secret) - 7))]


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("diff", "shop.yaml", "--server", "SERVER"),
    ("diff", "shop.yaml", "--server", "SERVER", "--impact", "--out", "json=out.json", "--out", "plan=plan.json"),
    ("diff", "shop.yaml", "--server", "SERVER", "--out", "markdown=out.md", "--out", "html=out.html"),
    ("diff", "--plan-file", "plan.json"),
    ("diff", "bad.yaml", "--server", "SERVER"),
    ("validate", "shop.yaml"),
    ("validate", "bad.yaml"),
    ("apply", "shop.yaml", "--server", "SERVER", "--yes", "--verbose"),
    ("migrate", "shop.yaml", "--server", "SERVER", "--plan", "pro", "--to", "latest", "--dry-run"),
    ("drift", "shop.yaml", "--server", "SERVER"),
    ("promote", "--from", "shop.yaml", "--to", "SERVER", "--dry-run", "--verbose"),
    ("ping", "--server", f"http://me:{PASSWORD}@127.0.0.1:1/api/v3"),
    ("diff", "shop.yaml", "--server", f"http://127.0.0.1:1/{PASSWORD}?x={TOKEN}"),
)


@pytest.fixture
def live(tmp_path: Path) -> Iterator[str]:
    with serving(tmp_path / "live.db", FakeClock()) as base:
        yield base


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_command_shows_a_secret_whatever_it_does(shop: Shell, tmp_path: Path, live: str, form: str) -> None:
    found = {}
    for name in (OLDER, NAME):
        shop.environment = {**shop.environment, "NAME": name}
        for command in COMMANDS:
            words = [live if word == "SERVER" else word for word in command]
            ran = shop.run("--debug", *words, "--format", form)
            assert (ran.code == 64) == ("http" in words[-1] and live not in words), ran
            found[(name, command)] = leaks(ran, tmp_path)
        files = ("shop.yaml",) if name == OLDER else ("--plan-file", "plan.json")
        synced = shop.run("sync", *files, "--server", live, "--yes", "--format", form)
        assert synced.code == 0, synced
        found[(name, ("sync",))] = leaks(synced, tmp_path)

    assert shop.run("diff", "shop.yaml", "--server", live, "--exit-code").code == 0
    assert {case: names for case, names in found.items() if names} == {}
    assert len(list((tmp_path / ".billsync" / "journal").iterdir())) > 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_servers_error_that_repeats_a_request_shows_no_secret(shop: Shell, tmp_path: Path, form: str) -> None:
    with serving(tmp_path / "live.db", FakeClock(), wrap=echoing) as base:
        ran = shop.run("sync", "shop.yaml", "--server", base, "--yes", "--format", form)

    assert ran.code == 1
    assert "from env NAME" in ran.out
    assert leaks(ran, tmp_path) == []


def test_a_traceback_shows_no_secret(shop: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(f"{NAME} {PRICE} {NOTE} {TOKEN} {HEADER}")

    monkeypatch.setattr("billsync.cli.running.comparing.difference", fail)

    ran = shop.run("--debug", "diff", "shop.yaml", "--server", "local:", "--header", f"X-Key={HEADER}")

    assert "Traceback" in ran.err
    assert leaks(ran, tmp_path) == []
