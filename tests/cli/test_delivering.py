import os
import resource
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from billsync.app.ending import Ended
from billsync.cli.terminal.delivering import write_file
from tests.support.command import Ran, Shell

pytestmark = pytest.mark.thorough

LOCAL = ("--server", "local:")


@pytest.fixture
def dumping(shell: Shell) -> Shell:
    """A shell whose embedded server has something to dump."""
    assert shell.run("sync", "shop.yaml", *LOCAL, "--yes").code == 0
    return shell


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def left(folder: Path) -> set[str]:
    """The names in the folder beside those that every test has."""
    return {path.name for path in folder.iterdir()} - {"shop.yaml", ".billsync"}


def test_a_dump_goes_through_links_and_keeps_the_mode(dumping: Shell, folder: Path) -> None:
    (folder / "apart").mkdir()
    real = folder / "apart" / "real.yaml"
    real.write_text("old")
    real.chmod(0o640)
    (folder / "link.yaml").symlink_to("second.yaml")
    (folder / "second.yaml").symlink_to(real)

    ran = dumping.run("dump", *LOCAL, "-o", "link.yaml", "--yes")

    assert (ran.code, real.read_text(), mode_of(real)) == (0, dumping.run("dump", *LOCAL).out, 0o640)
    assert (left(folder), os.listdir(folder / "apart")) == ({"apart", "link.yaml", "second.yaml"}, ["real.yaml"])
    assert (folder / "link.yaml").is_symlink()


def test_a_link_to_nothing_yet_makes_its_target(dumping: Shell, folder: Path) -> None:
    (folder / "link.yaml").symlink_to("real.yaml")

    ran = dumping.run("dump", *LOCAL, "-o", "link.yaml")

    assert (ran.code, left(folder)) == (0, {"link.yaml", "real.yaml"})
    assert (folder / "link.yaml").is_symlink()


def test_every_name_of_a_file_has_the_dump(dumping: Shell, folder: Path) -> None:
    (folder / "one.yaml").write_text("old and longer than nothing" * 100)
    os.link(folder / "one.yaml", folder / "two.yaml")

    dumping.run("dump", *LOCAL, "-o", "two.yaml", "--yes")

    assert (folder / "one.yaml").read_text() == dumping.run("dump", *LOCAL).out


def test_a_new_file_has_the_mode_of_any_new_file(dumping: Shell, folder: Path) -> None:
    before = os.umask(0o027)
    try:
        dumping.run("dump", *LOCAL, "-o", "new.yaml")
    finally:
        os.umask(before)

    assert mode_of(folder / "new.yaml") == 0o640


def test_a_dash_is_stdout(dumping: Shell, folder: Path) -> None:
    ran = dumping.run("dump", *LOCAL, "-o", "-")

    assert (ran.out, left(folder)) == (dumping.run("dump", *LOCAL).out, set())


@pytest.mark.parametrize("name", ["pipe", "link to a pipe", "directory", "link to a device", ""])
def test_what_is_no_regular_file_is_refused_and_stays(dumping: Shell, folder: Path, name: str) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "link to a pipe").symlink_to("pipe")
    (folder / "directory").mkdir()
    (folder / "link to a device").symlink_to("/dev/null")
    before = left(folder)

    ran = dumping.run("dump", *LOCAL, "-o", name, "--yes")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[no-file]: the output is not a regular file")
    assert (left(folder), (folder / "pipe").is_fifo()) == (before, True)


@pytest.mark.parametrize("name", ["nowhere/new.yaml", "circle", "a\0b", "x" * 300])
def test_a_file_that_cannot_be_written_is_a_clear_error(dumping: Shell, folder: Path, name: str) -> None:
    (folder / "circle").symlink_to("circle")

    ran = dumping.run("dump", *LOCAL, "-o", name, "--yes")

    assert (ran.code, ran.err.splitlines()[0]) == (1, "error[unwritable]: the file can't be written")
    assert left(folder) == {"circle"}


@pytest.mark.parametrize("broken", ["fsync", "replace", "fchmod"])
@pytest.mark.parametrize("end", [OSError("the disk is full"), KeyboardInterrupt()])
def test_a_write_that_breaks_off_leaves_the_old_file_and_no_part(
    folder: Path, monkeypatch: pytest.MonkeyPatch, broken: str, end: BaseException
) -> None:
    def breaks(*arguments: object) -> None:
        raise end

    (folder / "old.yaml").write_text("old")
    monkeypatch.setattr(os, broken, breaks)

    with pytest.raises((Exception, KeyboardInterrupt)):
        write_file(str(folder / "old.yaml"), "new")

    assert (left(folder), (folder / "old.yaml").read_text()) == ({"old.yaml"}, "old")


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """A limit for all files of this process, as a full disk is one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(("size", "old"), [(1000, "old" * 300), (1000, "old" * 500), (600, "old" * 300)])
def test_a_file_of_several_names_is_as_it_was_without_space(folder: Path, size: int, old: str) -> None:
    """Where there is no space for the new one, nor sometimes for a copy of the old one: that isn't left half made."""
    (folder / "one.yaml").write_text(old)
    os.link(folder / "one.yaml", folder / "two.yaml")

    with no_file_larger_than(size), pytest.raises(Ended):
        write_file(str(folder / "two.yaml"), "new" * 700)

    assert (folder / "one.yaml").read_text() == old
    assert left(folder) == {"one.yaml", "two.yaml"}


def test_a_file_that_is_there_is_written_over_only_with_consent(dumping: Shell, folder: Path) -> None:
    ran = dumping.run("dump", *LOCAL, "-o", "shop.yaml")

    assert ran == Ran(
        64,
        "",
        "error[file-exists]: the file exists already\n  shop.yaml\n  Pass --yes to overwrite it.\n",
    )
