"""`ci/forge.py` against a fake forge: which comments and issues there are at the end, whatever goes wrong between."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.fake_forge import TOKEN, Approved, FakeForge, Fault, serving

ROOT = Path(__file__).resolve().parents[2]
MARKER = "<!-- billsync-comment: billing -->"
OTHER = "<!-- billsync-comment: staging -->"
FORGES = ("github", "gitlab")


def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("forge", ROOT / "ci" / "forge.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["forge"] = module
    spec.loader.exec_module(module)
    return module


FORGE = script()


@pytest.fixture(params=FORGES)
def forge(request: pytest.FixtureRequest) -> Iterator[FakeForge]:
    with serving(request.param) as found:
        yield found


class Caller:
    """Runs the script; `waits` are the seconds that it slept."""

    def __init__(self, forge: FakeForge, folder: Path) -> None:
        self.forge, self.folder = forge, folder
        self.waits: list[float] = []

    def run(self, command: str, text: str, *more: str, **environment: str) -> str:
        file = self.folder / "text.md"
        file.write_text(text)
        name = () if "--name" in more else ("--name", "billing")
        arguments = [command, str(file), *name, *more]
        done: str = FORGE.run(arguments, {**self.forge.environment, **environment}, self.waits.append)
        return done

    def bodies(self) -> list[str]:
        return [row["body"] for row in self.forge.comments]


@pytest.fixture
def caller(forge: FakeForge, tmp_path: Path) -> Caller:
    return Caller(forge, tmp_path)


@pytest.mark.parametrize(
    ("behaviour", "left"),
    [
        ("update", ["second"]),
        ("new", ["first", "second"]),
        ("hide-and-new", ["(hidden) first", "second"]),
        ("delete-and-new", ["second"]),
    ],
)
def test_a_second_comment_behaves_as_asked(caller: Caller, behaviour: str, left: list[str]) -> None:
    strange = [caller.forge.says(text, "mallory") for text in (f"{MARKER}\nforged", "hello")]
    others = caller.forge.says(f"{OTHER}\nstaging")

    caller.run("comment", "first\n", "--behaviour", behaviour)
    caller.run("comment", f"{MARKER}\n\nsecond\n", "--behaviour", behaviour)

    rows = [row for row in caller.forge.comments if row not in (*strange, others)]
    hidden = [row["node_id"] in caller.forge.hidden or "<details>" in row["body"] for row in rows]
    shown = [text for row in rows for text in ("first", "second") if text in row["body"]]
    assert [f"{'(hidden) ' * is_hidden}{text}" for is_hidden, text in zip(hidden, shown, strict=True)] == left
    assert [row["body"].startswith(MARKER) for row in rows] == [not is_hidden for is_hidden in hidden]
    assert [row["body"] for row in (*strange, others)] == [f"{MARKER}\nforged", "hello", f"{OTHER}\nstaging"]


@pytest.mark.parametrize("behaviour", FORGE.BEHAVIOURS)
def test_where_nothing_changes_no_comment_is_made_and_an_old_one_says_so(caller: Caller, behaviour: str) -> None:
    quiet = ("--behaviour", behaviour, "--nothing-changes")

    caller.run("comment", "No changes.", *quiet)
    none = caller.bodies()
    caller.run("comment", "one change", "--behaviour", behaviour)
    caller.run("comment", "No changes.", *quiet)
    again = caller.run("comment", "No changes.", *quiet)

    assert (none, caller.bodies(), again) == ([], [f"{MARKER}\nNo changes."], "the comment says so already")


def test_its_comment_is_found_on_a_later_page(caller: Caller) -> None:
    for number in range(250):
        caller.forge.says(f"comment {number}", "somebody")
    caller.forge.says(f"{MARKER}\nold")

    caller.run("comment", "new")

    assert (len(caller.bodies()), caller.bodies()[-1]) == (251, f"{MARKER}\nnew")


def test_a_list_without_an_end_is_an_error(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FORGE, "PAGES", 1)
    for number in range(100):
        caller.forge.says(f"comment {number}", "somebody")

    with pytest.raises(FORGE.Failed, match=r"the list doesn't end after 1 pages"):
        caller.run("comment", "new")


LOST = [Fault("POST", status, acts) for status in (0, 502) for acts in (False, True)]
BUSY = [
    Fault("POST", 429, headers={"Retry-After": "7"}),
    Fault("POST", 403, headers={"x-ratelimit-remaining": "0"}),
    Fault("GET", 503),
    Fault("GET", 0),
]


@pytest.mark.parametrize("fault", [*LOST, *BUSY], ids=lambda fault: f"{fault.method}-{fault.status}-{fault.acts}")
def test_a_comment_is_made_once_whatever_is_lost(caller: Caller, fault: Fault) -> None:
    caller.forge.faults.append(fault)

    caller.run("comment", "text")

    assert caller.bodies() == [f"{MARKER}\ntext"]
    assert caller.waits == ([] if fault in LOST else [{429: 7.0, 403: 60.0}.get(fault.status, 2.0)])


def test_a_forge_that_stays_away_is_a_clear_error(caller: Caller) -> None:
    caller.forge.faults.extend(Fault("GET", 503) for _ in range(20))

    with pytest.raises(FORGE.Failed) as failed:
        caller.run("comment", "text", FORGE_AUTHOR="bot")

    assert str(failed.value).startswith("GET /")
    assert str(failed.value).endswith("503: Bad luck for ***")
    assert (len(caller.waits), TOKEN in str(failed.value)) == (3, False)


def test_a_token_without_rights_says_which_it_needs(caller: Caller) -> None:
    caller.forge.faults.append(Fault("POST", 403))

    with pytest.raises(FORGE.Failed, match=r"`pull-requests: write`|role Developer"):
        caller.run("comment", "text")


def test_a_redirect_is_never_followed_with_the_token(caller: Caller) -> None:
    caller.forge.faults.append(Fault("GET", 302, headers={"Location": "http://127.0.0.1:1/elsewhere"}))

    with pytest.raises(FORGE.Failed, match="302"):
        caller.run("comment", "text", FORGE_AUTHOR="bot")


@pytest.mark.parametrize("place", ["GITHUB_API_URL", "CI_API_V4_URL"])
def test_a_token_goes_over_https_only(caller: Caller, place: str) -> None:
    if place not in caller.forge.environment:
        place = "CI_API_V4_URL" if place == "GITHUB_API_URL" else "GITHUB_API_URL"

    with pytest.raises(FORGE.Failed, match="is not https"):
        caller.run("comment", "text", **{place: "http://forge.example"})


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "gl€"])
def test_a_token_that_is_none_is_refused_without_showing_it(caller: Caller, token: str) -> None:
    with pytest.raises(FORGE.Failed, match=r"is not set|holds characters that no token has") as failed:
        caller.run("comment", "text", GITHUB_TOKEN=token, GITLAB_TOKEN=token)

    assert token == "" or token not in str(failed.value)


def test_one_issue_is_opened_updated_and_closed(caller: Caller) -> None:
    title = ("--title", "Billing has drifted")
    done = [caller.run("issue", "none", *title, "--over")]

    for text, more in (("first", ()), ("first", ()), ("second", ()), ("All is well.", ("--over",)), ("third", ())):
        done.append(caller.run("issue", text, *title, *more))

    assert done == ["no issue is open", "an issue is opened", "the issue says so already", "the issue is updated",
                    "1 closed", "an issue is opened"]  # fmt: skip
    first, second = caller.forge.issues
    text = "body" if caller.forge.kind == "github" else "description"
    assert (first[text], first["state"], first["said"]) == (
        "<!-- billsync-issue: billing -->\nsecond", "closed", ["All is well."]
    )  # fmt: skip
    assert (second["title"], second["state"]) == ("Billing has drifted", "open")


def test_an_issue_is_opened_once_where_the_answer_is_lost(caller: Caller) -> None:
    caller.forge.faults.append(Fault("POST", 502, acts=True))

    assert caller.run("issue", "text", "--title", "Drift") == "an issue is opened"

    assert len(caller.forge.issues) == 1


def test_the_number_of_a_pull_request_is_in_the_event_too(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"pull_request": {"number": 7}}')
    with serving("github") as forge:
        caller = Caller(forge, tmp_path)

        caller.run("comment", "text", GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(event))
        with pytest.raises(FORGE.Failed, match="belongs to no pull request"):
            caller.run("comment", "text", GITHUB_REF="refs/heads/main")

    assert len(forge.comments) == 1


PLAN = {"github": "plan.json", "gitlab": "out/plan.json"}


def downloaded(caller: Caller, approved: Approved | None, **environment: str) -> bytes:
    caller.forge.approved = approved
    FORGE.run(
        ["plan", "out/plan.json", "--artifact", "kept"],
        {**caller.forge.environment, **environment},
        caller.waits.append,
    )
    return (caller.folder / "out" / "plan.json").read_bytes()


def test_the_plan_file_that_was_approved_is_downloaded(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(caller.folder)
    (caller.folder / "out").mkdir()

    assert downloaded(caller, Approved({PLAN[caller.forge.kind]: b"{}"}, "kept")) == b"{}"


@pytest.mark.parametrize(
    ("approved", "problem"),
    [
        (None, "was merged as merge1: there is no approved plan file"),
        (Approved({}, "kept", merge="other"), "was merged as merge1: there is no approved plan file"),
        (Approved({}, "kept", result="failure"), "didn't succeed: failure"),
        (Approved({}, "another"), "has no artifact 'kept'|has no job 'kept'"),
        (Approved({"else": b""}, "kept"), "the artifact holds no plan.json|404"),
    ],
)
def test_where_nothing_was_approved_there_is_no_plan_file(
    caller: Caller, approved: Approved | None, problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(caller.folder)

    with pytest.raises(FORGE.Failed, match=problem):
        downloaded(caller, approved)


def test_a_plan_file_of_another_workflow_is_none(tmp_path: Path) -> None:
    with serving("github") as forge, pytest.raises(FORGE.Failed, match="the run of other for h is not there"):
        downloaded(Caller(forge, tmp_path), Approved({}, "kept"), GITHUB_WORKFLOW_REF="acme/billing/other@main")
