"""Law 3 for `migrate` with a real process: it dies by SIGKILL at the end of a wave, and between two."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.crash.migrated_shop import KEYS, shop
from tests.support.clock import FakeClock
from tests.support.end_state import EndState
from tests.support.killing_proxy import KillingProxy, listening
from tests.support.real_processes import DATABASE, KILLED, client, ended, seen, serve, twice_again
from tests.support.world import World, declared

pytestmark = [pytest.mark.thorough, pytest.mark.crash]

FILES = "shop.yaml"
WAVES = ("--timing", "immediate", "--allow", "bills-twice", "--waves", "25%,rest", "--parallelism", "1")
"""The first wave is one customer, so that its one write is number 0; each move at once bills a fee. Of moves that are
made several at a time, another one might pass before the process is dead."""


def migration(folder: Path) -> tuple[str, ...]:
    """The arguments that move everybody to the new price."""
    return ("migrate", str(folder / FILES), "--plan", "pro", "--to", "latest", *WAVES)


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a server's database, in which the customers are on a price that is no longer offered."""
    folder = tmp_path_factory.mktemp("sold")
    (folder / FILES).write_text(shop("15"))
    world = World(database=str(folder / DATABASE), clock=FakeClock(datetime.now(UTC)))
    for price in ("20", "15"):
        assert world.sync(declared(shop(price))).report.succeeded
    world.close()
    return folder


@pytest.fixture(scope="module")
def undisturbed(sold: Path, tmp_path_factory: pytest.TempPathFactory) -> EndState:
    folder = shutil.copytree(sold, tmp_path_factory.mktemp("undisturbed"), dirs_exist_ok=True)
    with serve(folder) as (_, base):
        code, said = ended(client(folder, base, "first", *migration(folder)))
        assert code == 0, said
        return seen(base)


@pytest.mark.parametrize(
    ("at", "after"), [pytest.param(0, True, id="as a wave ends"), pytest.param(1, False, id="as the next begins")]
)
def test_a_migration_that_is_killed_between_waves_moves_nobody_twice(
    at: int, after: bool, sold: Path, undisturbed: EndState, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shutil.copytree(sold, tmp_path / "shop")
    with serve(folder) as (_, base):
        victims = []
        proxy = KillingProxy(base, at, lambda: victims[0].kill(), after)
        with listening(proxy) as url:
            victims.append(client(folder, url, "killed", *migration(folder)))
            killed = ended(victims[0])
        left = sorted(row["plan"]["version"] for row in seen(base).rows["subscription"] if row["status"] == "active")

        again = twice_again(folder, base, monkeypatch, *migration(folder))

        assert killed[0] == KILLED, killed[1]
        assert left == [1, 1, 2]
        assert [code for code, _ in again] == [0, 0], again
        assert seen(base) == undisturbed
        assert sum(row["status"] == "active" for row in undisturbed.rows["subscription"]) == len(KEYS)
