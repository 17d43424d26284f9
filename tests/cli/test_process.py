import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.support.command import Shell
from tests.support.sockets import answering

HEAVY = ("httpx", "yaml", "jsonschema", "deepdiff", "werkzeug", "sqlite3", "billsync.kinds", "billsync.core")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("BILLSYNC_", "KONNECT_"))}


def billsync(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "billsync", *arguments]
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy(folder: Path) -> None:
    code = f"""
import sys
sys.argv = ["billsync", "--help"]
from billsync.cli.main import main
try:
    main()
except SystemExit as end:
    assert end.code == 0
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""

    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)

    assert ran.stdout.splitlines()[-1] == "[]"


def test_a_process_without_a_terminal_writes_nothing_unasked(folder: Path) -> None:
    ran = billsync("sync", "shop.yaml", "--server", "local:", folder=folder)

    assert (ran.returncode, ran.stdout) == (64, "")


def test_output_that_the_terminal_cannot_show_is_escaped(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", "--server", "local:", "--yes")
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace("Acme Inc.", "Ácme"))
    command = [sys.executable, "-X", "utf8=0", "-m", "billsync", "diff", "shop.yaml", "--server", "local:"]

    ran = subprocess.run(
        command, cwd=folder, env={**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}, capture_output=True, check=False
    )

    assert (ran.returncode, ran.stdout.splitlines()[1]) == (0, rb'  ~ name: "Acme Inc." \u2192 "\xc1cme"')


def test_a_reader_that_goes_away_changes_no_exit_code(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "billsync", "diff", "shop.yaml", "--server", "local:", "--exit-code"]

    with os.fdopen(writing) as stdout:
        ran = subprocess.run(command, cwd=folder, env=ENVIRONMENT, stdout=stdout, stderr=subprocess.PIPE, check=False)

    assert (ran.returncode, ran.stderr) == (2, b"")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_served_server_answers_until_it_is_stopped(shell: Shell, folder: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "billsync", "serve", "--port", "0", "--db", "served.db", "--test-clock"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        base = server.stdout.readline().strip()
        try:
            moved = httpx.post(
                base.replace("/api/v3", "/local/clock"), json={"now": "2027-01-01T00:00:00Z"}, trust_env=False
            )
            pinged = shell.run("ping", "--server", base)
        finally:
            server.send_signal(number)
            _, err = server.communicate(timeout=20)

    assert moved.is_success
    assert (pinged.code, pinged.out) == (0, f"{base} answers, and speaks the dialect openmeter.\n")
    assert (server.returncode, err) == (0, "")


def test_a_port_that_is_taken_is_a_clear_error(folder: Path) -> None:
    with answering([b""]) as (base, _):
        port = base.split(":")[2].split("/")[0]
        ran = billsync("serve", "--port", port, folder=folder)

    assert (ran.returncode, ran.stderr.splitlines()[0]) == (1, "error[no-port]: the port can't be opened")
