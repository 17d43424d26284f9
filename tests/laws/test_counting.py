"""Law 2, counted at the server's socket: a second run reads, writes nothing, and says that all is well."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.clock import FakeClock
from tests.support.command import Shell
from tests.support.loopback import App, serving
from tests.support.world import examples

pytestmark = pytest.mark.thorough


class Counted:
    """The methods of all requests that reached the server."""

    def __init__(self) -> None:
        self.methods: list[str] = []

    def wrap(self, app: App) -> App:
        """The application, counted."""

        def counting(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            self.methods.append(environ["REQUEST_METHOD"])
            return app(environ, start_response)

        return counting

    def taken(self) -> list[str]:
        """What came since the last time this was asked."""
        taken, self.methods = self.methods, []
        return taken


@contextmanager
def counted_server(folder: Path) -> Iterator[tuple[Counted, str]]:
    counted, clock = Counted(), FakeClock()
    with serving(folder / "server.db", clock, counted.wrap) as base:
        yield counted, base


@pytest.fixture(params=examples(), ids=lambda example: example.name)
def example(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")


@pytest.mark.parametrize("command", ["sync", "apply"])
def test_a_second_run_only_reads(example: str, command: str, tmp_path: Path) -> None:
    with counted_server(tmp_path) as (counted, base):
        first = Shell().run(command, example, "--server", base, "--yes")
        first_methods = counted.taken()

        second = Shell().run(command, example, "--server", base, "--yes")
        second_methods = counted.taken()

    assert (first.code, second.code) == (0, 0)
    assert "POST" in first_methods
    assert len(second_methods) > 0
    assert set(second_methods) == {"GET"}


@pytest.mark.parametrize("arguments", [["diff"], ["diff", "--exit-code"], ["diff", "--format", "json"], ["validate"]])
def test_a_command_that_looks_never_writes(example: str, arguments: list[str], tmp_path: Path) -> None:
    with counted_server(tmp_path) as (counted, base):
        command, *flags = arguments
        where = [] if command == "validate" else ["--server", base]

        ran = Shell().run(command, example, *where, *flags)

        methods = counted.taken()

    assert ran.code == (2 if "--exit-code" in flags else 0)
    assert set(methods) == (set() if command == "validate" else {"GET"})
