import os
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import serving
from tests.support.sockets import answering

SECRET = "kpat_very_secret_1"
DENIED = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/problem+json\r\nConnection: close\r\n\r\n"
    b'{"detail": "the token kpat_very_secret_1 may not"}'
)


def header_of(request: bytes) -> str | None:
    lines = [line for line in request.decode().splitlines() if line.lower().startswith("authorization:")]
    return lines[0].partition(": ")[2] if lines else None


@pytest.mark.parametrize(
    ("environment", "options", "sent"),
    [
        ({}, (), None),
        ({"BILLSYNC_TOKEN": SECRET}, (), f"Bearer {SECRET}"),
        ({"BILLSYNC_TOKEN": "other"}, ("--token-file", "token"), f"Bearer {SECRET}"),
        ({"BILLSYNC_TOKEN": ""}, (), None),
        ({"KONNECT_TOKEN": SECRET}, (), None),
        ({"KONNECT_TOKEN": SECRET}, ("--dialect", "konnect"), f"Bearer {SECRET}"),
    ],
)
def test_a_token_goes_where_it_belongs(
    shell: Shell, folder: Path, environment: dict[str, str], options: tuple[str, ...], sent: str | None
) -> None:
    shell.environment = environment
    (folder / "token").write_text(f"{SECRET}\n")

    with answering([DENIED]) as (base, seen):
        shell.run("ping", "--server", base, *options)

    assert header_of(seen[0]) == sent


def test_a_token_is_never_printed_or_journaled(shell: Shell, folder: Path) -> None:
    shell.environment = {"BILLSYNC_TOKEN": SECRET}

    with serving(folder / "x.db", FakeClock()) as base:
        ran = shell.run("sync", "shop.yaml", "--server", base, "--yes")
    with answering([DENIED]) as (base, _):
        refused = shell.run("--debug", "ping", "--server", base)

    journals = [path.read_text() for path in (folder / ".billsync" / "journal").iterdir()]
    assert (ran.code, len(journals), refused.code) == (0, 1, 1)
    assert "the token *** may not" in refused.err
    assert SECRET not in "".join((ran.out, ran.err, refused.out, refused.err, *journals))


@pytest.mark.parametrize(
    ("options", "token", "code"),
    [
        (("--server", "http://billing.example"), SECRET, "insecure-token"),
        (("--server", "https://billing.example"), "two words", "bad-token"),
        (("--server", "https://user:pass@billing.example"), SECRET, "bad-server"),
    ],
)
def test_a_token_that_cannot_be_sent_safely_is_not_sent(
    shell: Shell, options: tuple[str, ...], token: str, code: str
) -> None:
    shell.environment = {"BILLSYNC_TOKEN": token}

    ran = shell.run("ping", *options)

    assert (ran.code, ran.err.splitlines()[0].startswith(f"error[{code}]: ")) == (64, True)
    assert token not in ran.err


def test_a_token_file_that_is_missing_is_a_clear_error(shell: Shell) -> None:
    ran = shell.run("ping", "--server", "https://billing.example", "--token-file", "gone")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-token]: the token file can't be read")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"\xff", "it is not UTF-8"), (b"x" * 65_537, "it is longer than 65,536 bytes, the most that is read")],
)
def test_a_token_file_that_holds_no_token_is_a_clear_error(
    shell: Shell, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "token").write_bytes(content)

    ran = shell.run("ping", "--server", "https://billing.example", "--token-file", str(tmp_path / "token"))

    assert (ran.code, ran.err.splitlines()[1]) == (1, f"  the file that --token-file or the profile names: {reason}")


@pytest.mark.parametrize("path", ["/dev/zero", "pipe", "."])
def test_a_token_file_that_is_no_file_is_refused_at_once(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")

    ran = shell.run("ping", "--server", "https://billing.example", "--token-file", path)

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-token]: the token file can't be read")


def test_a_token_comes_through_a_pipe_that_a_shell_has_opened(shell: Shell) -> None:
    """It can be read once only; its content tells that it was."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        stream.write("two words")

    ran = shell.run("ping", "--server", "https://billing.example", "--token-file", f"/dev/fd/{reading}")

    os.close(reading)
    assert (ran.code, ran.err.splitlines()[0].startswith("error[bad-token]: ")) == (64, True)


COULD_BE_A_NAME = (f"local:{SECRET}", f"https://{SECRET}", f"https://billing.example/{SECRET}")
NO_ADDRESSES = (
    SECRET,
    f"https://{SECRET}@billing.example",
    f"https://x:{SECRET}@billing.example",
    f"https://billing.example?token={SECRET}",
    f"https://billing.example#{SECRET}",
    f"https://billing.example:{SECRET}",
    f"http://[{SECRET}",
)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("server", "environment"),
    [
        *((server, {}) for server in NO_ADDRESSES),
        *((server, {"KONNECT_TOKEN": SECRET}) for server in (*NO_ADDRESSES, *COULD_BE_A_NAME)),
    ],
)
def test_a_token_in_the_servers_address_is_refused_and_not_shown(
    shell: Shell, folder: Path, server: str, environment: dict[str, str], form: str
) -> None:
    shell.environment = environment

    ran = shell.run("diff", "shop.yaml", "--server", server, "--format", form)

    assert ran.code == 64
    assert SECRET not in ran.out + ran.err
    assert not list(folder.glob("*kpat*"))
