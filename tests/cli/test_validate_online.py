"""`validate --online` asks a server whether it has what files refer to and takes what they declare. It only reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import serving
from tests.support.recorder import Recorder

REFERRING = """\
external:
  plans: [prepaid, gone, 'legacy_*']
  features: [api_requests]
  customers: [acme]
subscriptions:
- {customer: acme, plan: prepaid}
"""


def test_what_the_server_lacks_is_named_at_its_place(shell: Shell, folder: Path, openapi: Recorder) -> None:
    (folder / "more.yaml").write_text(REFERRING)
    with serving(folder / "live.db", FakeClock()) as base:
        server = ("--online", "--server", base)
        shell.run("sync", "shop.yaml", "--server", base, "--yes")

        declared = shell.run("validate", "shop.yaml", *server)
        missing = shell.run("validate", "more.yaml", *server)
        (folder / "more.yaml").write_text(REFERRING.replace("gone, ", ""))
        warned = shell.run("validate", "more.yaml", *server, "--format", "json")

    assert (declared.code, declared.err) == (0, "")
    assert missing.code == 1
    assert [line for line in missing.err.splitlines() if "external-missing" in line] == [
        "more.yaml:2:20: error[external-missing]: the server doesn't have this",
        "more.yaml:2:26: warning[external-missing]: the server doesn't have this",
    ]
    assert warned.code == 0
    assert "legacy_*" in warned.out


@pytest.mark.generation("konnect@1.1")
def test_what_the_servers_api_can_not_hold_is_an_error(shell: Shell, folder: Path) -> None:
    (folder / "shop.yaml").write_text(
        "customers: [{key: acme, name: Acme, usage_attribution: {subject_keys: [a]}}]\n"
        "features: [{key: f, name: F, unit_cost: {type: manual, amount: '1'}}]\n"
        "external: {plans: [p]}\n"
        "subscriptions: [{customer: acme, plan: p, cost_basis_mode: pinned}]\n"
    )

    ran = shell.run("validate", "shop.yaml", "--online", "--server", "local:?dialect=konnect&generation=1.1")

    assert ran.code == 1
    assert "cost_basis_mode" in ran.err


def test_a_server_goes_with_online_only(shell: Shell, folder: Path) -> None:
    assert shell.run("validate", "shop.yaml", "--server", "local:").code == 64
