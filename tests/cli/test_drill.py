"""`billsync drill`: a restore that happens in an embedded server, and its proof past the next renewal."""

import json

from tests.cli.test_verify import taken as taken
from tests.support.command import Shell


def test_a_drill_restores_verifies_and_charges_as_promised(taken: Shell) -> None:
    ran = taken.run("drill", "live.snapshot", "--pace", "50")

    print(ran.out, ran.err)
    assert ran.code == 0
