"""`adopt` from the command line, over a server on which somebody made everything by hand."""

import fcntl
import json
import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from billsync.kinds.registry import KINDS
from tests.support.brownfield import FILES, make_by_hand
from tests.support.command import Ran, Shell
from tests.support.loopback import App, serving

pytestmark = pytest.mark.thorough


class Brownfield:
    """The server, the methods of what it was asked, the files, and what somebody does to them meanwhile."""

    def __init__(
        self, base: str, shell: Shell, seen: list[str], folder: Path, meanwhile: list[Callable[[], object]]
    ) -> None:
        self.base, self.shell, self.seen, self.meanwhile = base, shell, seen, meanwhile
        self.file = folder / "all.yaml"
        self.file.write_bytes(FILES.encode())
        with self.http() as http:
            self.made = make_by_hand(http)
        seen.clear()

    def http(self) -> httpx.Client:
        return httpx.Client(base_url=f"{self.base}/openmeter")

    def run(self, command: str, *flags: str, answer: str | None = None, path: str = "all.yaml") -> Ran:
        return self.shell.run(command, path, *flags, "--server", self.base, answer=answer)


@pytest.fixture
def brownfield(shell: Shell, folder: Path) -> Iterator[Brownfield]:
    seen: list[str] = []

    meanwhile: list[Callable[[], object]] = []

    def wrap(app: App) -> App:
        def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            seen.append(environ["REQUEST_METHOD"])
            while meanwhile:
                meanwhile.pop()()
            return app(environ, start_response)

        return wrapped

    with serving(folder / "server.db", shell.clock, wrap) as base:
        yield Brownfield(base, shell, seen, folder, meanwhile)


ADOPTED = """\
adopted:
  meters: [calls]
  features: [calls]
  tax_codes: [software]
  addons: [support]
  plans: [pro]
  customers: [acme]
  grants: [acme/welcome]
  subscriptions: [acme/default]
"""
LEFT = """\
adopted:
  features: [calls]
  addons: [support]
  plans: [pro]
  grants: [acme/welcome]
  subscriptions: [acme/default]
"""
FIRST, REST = FILES.split("\n\n", 1)


def with_adopted(section: str) -> str:
    return f"{FIRST}\n{section}\n{REST}"


def test_what_is_nobodys_is_adopted_marked_and_settled(brownfield: Brownfield) -> None:
    """Of every kind; nothing is written to the server until the next `sync`, nor by one after the list was pruned."""
    dry = brownfield.run("adopt", "--dry-run")
    declined = brownfield.run("adopt", answer="no")
    before = brownfield.file.read_text()
    done = brownfield.run("adopt", "--yes", "--format", "json")

    found = json.loads(done.out)
    assert (dry.code, declined.code, done.code, before) == (0, 1, 0, FILES)
    assert dry.out.startswith("To be recorded under `adopted` in all.yaml:\n  meter calls\n  feature calls\n")
    assert brownfield.file.read_text() == with_adopted(ADOPTED)
    assert {one["standing"] for one in found["adoption"]["entities"]} == {"adoptable"}
    assert {one["kind"] for one in found["adoption"]["entities"]} == set(KINDS)
    assert [(one["kind"], one["name"]) for one in found["changes"]["updating"]] == MARKED
    assert set(brownfield.seen) == {"GET"}

    marked = brownfield.run("sync", "--yes", "--format", "json")
    again = brownfield.run("adopt", "--yes")
    pruned = brownfield.run("adopt", "--prune", "--yes")
    brownfield.seen.clear()
    settled = brownfield.run("sync", "--yes")

    assert [(one["kind"], one["name"]) for one in json.loads(marked.out)["changes"]["updating"]] == MARKED
    assert again.out.startswith("Nothing to adopt: what is declared and live has an owner, or is in `adopted`.\n")
    assert "  customer acme: its label names the owner\nStill needed:\n  feature calls: no label" in pruned.out
    assert brownfield.file.read_text() == with_adopted(LEFT)
    assert (settled.code, settled.out.splitlines()[0]) == (0, "No changes.")
    assert set(brownfield.seen) == {"GET"}


MARKED = [("meter", "calls"), ("tax_code", "software"), ("customer", "acme")]
"""The kinds whose labels can be written later."""


def test_what_belongs_to_others_is_refused_by_name(brownfield: Brownfield) -> None:
    """What differs is adopted, and shown as the next `sync` would change it."""
    with brownfield.http() as http:
        theirs = {"name": "Calls", "labels": {"billsync_owner": "growth"}}
        assert http.put(f"meters/{brownfield.made['meter']}", json=theirs).status_code == 200
    brownfield.file.write_text(FILES.replace("Acme Inc.", "Acme Ltd.").replace('"0.01"', '"0.02"'))

    found = brownfield.run("adopt", "--yes", "--select", "meter/*", "--select", "customer/acme", "--select", "plan/pro")
    nothing = brownfield.run("adopt", "--yes", "--select", "plan/pto")

    assert (found.code, nothing.code) == (4, 64)
    assert "adopted:\n  plans: [pro]\n  customers: [acme]\n\nmeters:" in brownfield.file.read_text()
    assert "Refused:\n  meter calls: it belongs to the owner 'growth'\n\nAdopting changes nothing" in found.out
    assert '  ~ name: "Acme Inc." → "Acme Ltd."\n' in found.out
    assert "publishing a new version of plan pro@2" in found.out


def test_an_adopted_subscription_may_change_and_no_other_does(brownfield: Brownfield) -> None:
    """An entry of `adopted` names the customer, too, so that it says nothing about others with the same key."""
    with brownfield.http() as http:
        other = {"key": "beta", "name": "Beta", "usage_attribution": {"subject_keys": ["b"]}}
        beta = http.post("customers", json=other).json()["id"]
        http.post("subscriptions", json={"customer": {"id": beta}, "plan": {"id": brownfield.made["plan"]}})
    more = FILES + "  - {key: beta, name: Beta, usage_attribution: {subject_keys: [b]}, subscription: {plan: large}}\n"
    large = FILES[FILES.index("  - key: pro") : FILES.index("customers:")].replace("pro", "large")
    brownfield.file.write_text(
        more.replace("customers:", f"{large}customers:").replace(
            "subscription: {plan: pro}", "subscription: {plan: large}"
        )
    )

    brownfield.run("adopt", "--yes", "--select", "subscription/acme/*")
    shown = json.loads(brownfield.run("diff", "--format", "json").out)

    told = {(one["kind"], one["name"], one["code"]) for one in shown["told"]}
    assert ("subscription", "beta/default", "made-elsewhere") in told
    assert not any(name == "acme/default" and code == "made-elsewhere" for _, name, code in told)


def test_the_list_is_kept_where_it_or_the_header_is(brownfield: Brownfield, folder: Path) -> None:
    """Another file has to be named. A file keeps its mark, its line ends and its mode, and links stay links."""
    (folder / "shop").mkdir()
    meters, rest = FILES.split("features:", 1)
    real = folder / "real.yaml"
    real.write_bytes(("\ufeff" + meters.replace("\n", "\r\n")).encode())
    real.chmod(0o640)
    (folder / "shop" / "a.yaml").symlink_to(real)
    (folder / "shop" / "b.json").write_text('{"adopted": {"meters": ["x"]}}')
    (folder / "shop" / "c.yaml").write_text(f"features:{rest}")
    select = ("--yes", "--select", "meter/*")

    wrong = brownfield.run("adopt", *select, "--into", "all.yaml", path="shop")
    in_list = brownfield.run("adopt", *select, path="shop")
    listed = (folder / "shop" / "b.json").read_text()
    (folder / "shop" / "b.json").unlink()
    in_header = brownfield.run("adopt", *select, path="shop")
    named = brownfield.run("adopt", "--yes", "--select", "plan/*", "--into", "shop/c.yaml", path="shop")
    stdin = brownfield.run("adopt", "--yes", path="-")

    assert (wrong.code, stdin.code) == (1, 64)
    assert "the file for `adopted` isn't clear" in wrong.err
    assert (in_list.code, listed) == (0, '{"adopted": {"meters": ["x", "calls"]}}')
    header = "\ufeff# Who owns this\r\n_info: {owner: payments}   # the team\r\n"
    assert in_header.code == 0
    assert real.read_bytes().decode().startswith(f"{header}adopted:\r\n  meters: [calls]\r\n\r\nmeters:")
    assert ((folder / "shop" / "a.yaml").is_symlink(), real.stat().st_mode & 0o777) == (True, 0o640)
    assert named.code == 0
    assert (folder / "shop" / "c.yaml").read_text().endswith("\nadopted:\n  plans: [pro]\n")


def test_no_file_is_written_that_would_mean_something_else(brownfield: Brownfield, folder: Path) -> None:
    """An overlay may take the list's place, and an anchor may have it mean more."""
    overlay = folder / "over.yaml"
    overlay.write_text("_overlay: true\nadopted: {meters: [other]}\n")
    under = brownfield.run("adopt", "--yes", "--overlay", "over.yaml")
    text = f"{FILES}adopted: {{meters: &m [x], plans: *m}}\n"
    brownfield.file.write_text(text)
    beside = brownfield.run("adopt", "--yes", "--select", "meter/calls")

    assert (under.code, beside.code, brownfield.file.read_text()) == (1, 1, text)
    assert "Write it by hand: adopted: {meters: [calls]}" in beside.err
    assert "adopted: {meters: [calls], features: [calls]" in under.err


CHANGES: dict[str, Callable[[Path], object]] = {
    "it is gone": lambda file: file.unlink(),
    "it is a folder": lambda file: (file.unlink(), file.mkdir()),
    "its folder is gone": lambda file: file.parent.rename("elsewhere"),
    "another owner": lambda file: file.write_text(FILES.replace("payments", "growth")),
    "no plan in it": lambda file: file.write_text(FILES.replace("key: pro", "key: large")),
    "it is no YAML": lambda file: file.write_text("a: ["),
    "a file beside it": lambda file: (file.parent / "b.yaml").write_text("adopted: {plans: [pro]}"),
}


def test_files_that_change_meanwhile_are_left_alone(brownfield: Brownfield, folder: Path) -> None:
    """What was decided on the files as they were may be wrong for them as they are."""
    answers = {}
    for name, change in CHANGES.items():
        file = folder / name / "all.yaml"
        file.parent.mkdir()
        file.write_text(FILES)
        brownfield.meanwhile.append(partial(change, file))
        found = brownfield.run("adopt", "--yes", path=name)
        answers[name] = (found.code, found.err.splitlines()[0])

    changed = (1, "error[file-changed]: the file was changed meanwhile")
    assert answers == dict.fromkeys(CHANGES, changed)
    assert not [path for path in folder.glob("*/*.yaml") if path.is_file() and "acme/welcome" in path.read_text()]


def test_of_two_runs_at_once_one_waits_for_its_next_turn(brownfield: Brownfield) -> None:
    """What both want to record would be lost in part: the first one holds the file from its last look to its end."""
    with brownfield.file.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        during = brownfield.run("adopt", "--yes", "--select", "plan/*")
    after = brownfield.run("adopt", "--yes", "--select", "plan/*")

    assert (during.code, after.code) == (1, 0)
    assert during.err.splitlines()[1:3] == [
        "error[file-changed]: the file was changed meanwhile",
        "  all.yaml: another run is writing to it",
    ]


def test_a_pipe_is_refused_as_the_standard_input_is(brownfield: Brownfield, folder: Path) -> None:
    """It can be read once only, and nothing can be recorded in it."""
    reading, writing = os.pipe()
    try:
        found = brownfield.run("adopt", "--yes", path=f"/dev/fd/{reading}")
    finally:
        os.close(reading)
        os.close(writing)

    assert (found.code, found.err.splitlines()[0]) == (64, brownfield.run("adopt", path="-").err.splitlines()[0])


def test_a_whole_server_is_dumped_and_adopted_at_once(brownfield: Brownfield, folder: Path) -> None:
    """Of its files the next `sync` writes labels, and the one after that nothing."""
    flags = ("--server", brownfield.base, "--yes")
    alone = brownfield.shell.run("dump", "--adopt", *flags)
    split = brownfield.shell.run("dump", "--adopt", "--owner", "payments", "--split", "-o", "parts", *flags)
    dumped = brownfield.shell.run("dump", "--adopt", "--owner", "payments", "-o", "whole.yaml", *flags)
    bad = brownfield.shell.run("dump", "--adopt", "--owner", "not a label!", *flags)
    asked = set(brownfield.seen)

    text = (folder / "whole.yaml").read_text()
    marked = json.loads(brownfield.run("sync", "--yes", "--format", "json", path="whole.yaml").out)
    settled = brownfield.run("sync", "--yes", path="whole.yaml")

    assert (alone.code, split.code, dumped.code, bad.code, asked) == (64, 0, 0, 1, {"GET"})
    assert brownfield.run("adopt", "--yes", path="parts").out.startswith("Nothing to adopt")
    assert "the dump can't be taken over as it is" in bad.err
    assert text.startswith("#")
    assert "\n_info:\n  owner: payments\nadopted:\n  meters:\n    - calls\n" in text
    assert '  grants:\n    - "acme/welcome"\n' in text
    assert [(one["kind"], one["name"]) for one in marked["changes"]["updating"]] == MARKED
    assert settled.out.splitlines()[0] == "No changes."
