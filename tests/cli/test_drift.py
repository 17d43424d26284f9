"""`drift` from the command line: its text, its JSON and its exit codes."""

import json
from pathlib import Path

from tests.support.command import Shell

LOCAL = ("--server", "local:")
OUT = ("--out", "json=drift.json", "--out", "markdown=drift.md")


def test_drift_says_what_differs_and_since_when(shell: Shell, folder: Path) -> None:
    shell.run("sync", "shop.yaml", *LOCAL, "--yes")
    none = shell.run("drift", "shop.yaml", *LOCAL, "--exit-code")
    shop = folder / "shop.yaml"
    shop.write_text(shop.read_text().replace("Acme Inc.", "Acme Ltd."))

    quiet = shell.run("drift", "shop.yaml", *LOCAL)
    found = shell.run("drift", "shop.yaml", *LOCAL, "--exit-code", *OUT)

    assert (none.code, none.out.splitlines()[0]) == (0, "No drift: local:.billsync/local.db is as the files say.")
    assert (quiet.code, found.code, quiet.out) == (0, 2, found.out)
    assert found.out.startswith(
        "Drift: 1 entity is not as the files say on local:.billsync/local.db. What would end it:\n\n"
        "updating customer acme (in place)\n"
        '  ~ name: "Acme Inc." → "Acme Ltd."\n'
        "  last changed there at 2026-09-01T00:00:00Z\n"
    )
    data = json.loads((folder / "drift.json").read_text())
    assert (data["drift"], data["mode"], data["changes"]["updating"][0]["since"]) == (
        1,
        "drift",
        "2026-09-01T00:00:00Z",
    )
    page = (folder / "drift.md").read_text()
    assert page.splitlines()[1] == "### billsync: 1 entity is not as the files say"
    assert "| updating | `customer/acme` | in place; last changed there at `2026-09-01T00:00:00Z` |" in page
