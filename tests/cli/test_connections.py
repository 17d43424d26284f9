"""The ways to a server: headers, CA certificates, time-outs, and profiles that give what the flags leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from billsync.app.server.connecting import Way
from billsync.cli.servers import opening
from billsync.live.client import Settings
from billsync.model.ports import RemoteError
from billsync.model.state import IntendedTarget
from tests.support.command import Shell
from tests.support.sockets import answering
from tests.support.tls import CERTIFICATE, answering_with_tls

SECRET = "canary-7f3a9c"
DENIED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
    b'{"detail": "canary-7f3a9c may not"}'
)


def headers_of(request: bytes) -> dict[str, str]:
    lines = request.decode().split("\r\n\r\n")[0].split("\r\n")[1:]
    return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}


def test_a_header_is_sent_and_never_shown(shell: Shell, folder: Path) -> None:
    with answering([DENIED]) as (base, seen):
        ran = shell.run("--debug", "ping", "--server", base, "--header", f"X-Access={SECRET}", "--header", "X-B=a=b")

    sent = headers_of(seen[0])
    assert (sent["x-access"], sent["x-b"]) == (SECRET, "a=b")
    assert "*** may not" in ran.err
    assert SECRET not in ran.out + ran.err


@pytest.mark.parametrize("text", ["X-A", f"Authorization={SECRET}", f"X-A={SECRET}\r\nHost: b", f"Host={SECRET}"])
def test_a_header_that_could_change_another_is_refused_unseen(shell: Shell, text: str) -> None:
    ran = shell.run("ping", "--server", "https://billing.example", "--header", text)

    assert (ran.code, SECRET in ran.err) == (64, False)


def test_a_header_goes_over_plain_http_to_this_machine_only(shell: Shell) -> None:
    ran = shell.run("ping", "--server", "http://billing.example", "--header", f"X-A={SECRET}")

    assert (ran.code, ran.err.splitlines()[0]) == (
        64,
        "error[insecure-header]: headers would be sent over plain http",
    )


def test_a_certificate_is_trusted_that_the_ca_file_holds(shell: Shell) -> None:
    with answering_with_tls([DENIED]) as (base, seen):
        stranger = shell.run("ping", "--server", base)
        trusted = shell.run("ping", "--server", base, "--ca-file", str(CERTIFICATE))

    assert "CERTIFICATE_VERIFY_FAILED" in stranger.err
    assert ("403" in trusted.err, {headers_of(request)["host"] in base for request in seen}) == (True, {True})


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_a_ca_file_without_certificates_is_a_clear_error(shell: Shell, folder: Path, content: str | None) -> None:
    if content is not None:
        (folder / "ca.pem").write_text(content)

    ran = shell.run("ping", "--server", "https://billing.example", "--ca-file", "ca.pem")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[bad-ca-file]: the CA certificates can't be read")


def test_a_time_out_limits_requests_and_their_silences(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Settings] = []

    def never(way: Way, intended: IntendedTarget) -> None:
        given.append(way.settings)
        raise RemoteError("nothing is asked")

    monkeypatch.setattr(opening, "connect", never)
    for options in ((), ("--timeout", "120"), ("--timeout", "5")):
        shell.run("ping", "--server", "https://billing.example", *options)

    limits = [(settings.request_seconds, settings.answer_seconds) for settings in given]
    assert limits == [(60.0, 30.0), (120.0, 120.0), (5.0, 5.0)]


PROFILES = """\
profiles:
  prod:
    server: {server}
    token_file: filed
    headers: {{X-A: profile, X-B: profile}}
    owner: payments
"""


def sent_with(shell: Shell, *options: str) -> dict[str, str]:
    """The headers of the first request that a command sends with options, after `.billsync.yaml` was written."""
    with answering([DENIED]) as (base, seen):
        Path(".billsync.yaml").write_text(PROFILES.format(server=base))
        shell.run("ping", *(option.replace("BASE", base) for option in options))
    return headers_of(seen[0]) if seen else {}


def test_a_flag_goes_before_the_profile_that_before_the_environment(shell: Shell, folder: Path) -> None:
    shell.environment = {"BILLSYNC_SERVER": "http://127.0.0.1:9", "BILLSYNC_TOKEN": "environment"}
    (folder / "filed").write_text("profile")
    (folder / "other").write_text("flag")

    by_profile = sent_with(shell, "--profile", "prod")
    by_flag = sent_with(shell, "--profile", "prod", "--token-file", "other", "--header", "x-a=flag")
    without = sent_with(shell, "--server", "BASE")

    seen = [(sent["authorization"], sent.get("x-a"), sent.get("x-b")) for sent in (by_profile, by_flag, without)]
    assert seen == [
        ("Bearer profile", "profile", "profile"),
        ("Bearer flag", "flag", "profile"),
        ("Bearer environment", None, None),
    ]


def test_a_profile_that_is_not_there_ends_the_command(shell: Shell, folder: Path) -> None:
    missing = shell.run("ping", "--profile", "prod")
    (folder / ".billsync.yaml").write_text("profiles: {prod: {server: 'local:'}}\n")
    unknown = shell.run("ping", "--profile", "prd")

    assert (missing.code, missing.err.splitlines()[0]) == (1, "error[no-profiles]: the profiles can't be read")
    assert (unknown.code, unknown.err.splitlines()) == (
        1,
        [
            ".billsync.yaml:1:1: error[unknown-profile]: there is no such profile",
            '  "prd" is not among the profiles.',
            '  Did you mean "prod"?',
        ],
    )


def test_a_profile_owns_files_without_an_owner_and_refuses_others(shell: Shell, folder: Path) -> None:
    (folder / ".billsync.yaml").write_text("profiles: {prod: {server: 'local:x.db', owner: billing}}\n")
    (folder / "mine.yaml").write_text("meters:\n  - {key: calls, name: Calls, event_type: call, aggregation: count}\n")

    wrote = shell.run("apply", "mine.yaml", "--profile", "prod", "--yes", "--format", "json")
    refused = shell.run("diff", "shop.yaml", "--profile", "prod")

    assert (wrote.code, '"owner": "billing"' in wrote.out) == (0, True)
    assert (refused.code, refused.err.splitlines()[0]) == (
        1,
        "error[other-profile]: the files belong to another owner than the profile",
    )
