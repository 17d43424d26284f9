#!/usr/bin/env python3
"""Comments on a pull request, one issue, and the plan file that was approved, on GitHub and GitLab.

Stands alone: Python's standard library only. The comment's behaviours: `update` its own comment in place, add a `new`
one each time, `hide-and-new`, `delete-and-new`. Its own are those of the token's user that begin with a hidden marker.
Where nothing changes no comment is made, but one that is there is updated to say so. `plan` downloads the plan file
that the last pipeline of a merged pull request made.

Settings come from the environment. GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_API_URL, GITHUB_REF,
GITHUB_EVENT_PATH, GITHUB_SHA, GITHUB_WORKFLOW_REF. GitLab: GITLAB_TOKEN, CI_PROJECT_ID, CI_API_V4_URL,
CI_MERGE_REQUEST_IID, CI_COMMIT_SHA. Both: FORGE_AUTHOR, the token's user, where it can't be asked for.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from email.message import Message
from typing import Any, Protocol

COMMENT, ISSUE, OLD = "billsync-comment", "billsync-issue", "billsync-old"
BEHAVIOURS = ("update", "new", "hide-and-new", "delete-and-new")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
BILLSYNCS_OWN = re.compile(rf"\A<!-- {COMMENT}: [^>\n]* -->")
"""The marker that billsync itself writes at the top of its Markdown."""
ROWS = 100
PAGES = 500
TRIES = 4
LONGEST_WAIT = 60.0
FILE_BYTES = 100 * 2**20
SECONDS = 30
NO_ANSWER = 0
PASSING = (NO_ANSWER, 429, 500, 502, 503, 504)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
GITHUB_ACTIONS = "github-actions[bot]"


class Failed(Exception):
    """The forge can't be talked to, or refuses; the message is for a person and holds no token."""


class Unclear(Failed):
    """The answer was lost or is an error of the server's own: the call may have been carried out."""


@dataclass(frozen=True)
class Answer:
    """An answer of the forge: parsed JSON, or None."""

    status: int
    body: Any
    wait: float | None


@dataclass(frozen=True)
class Post:
    """A comment or an issue. `key` is what the forge calls it in paths, `node` GitHub's name for GraphQL."""

    key: str
    body: str
    author: str
    node: str = ""
    title: str = ""


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: followed, the token would go to another address."""

    def redirect_request(self, *args: Any, **named: Any) -> None:
        """Follow nothing."""


@dataclass
class Api:
    """An API over HTTP with JSON. Repeats what is safe to repeat; `sleep` waits."""

    base: str
    headers: Mapping[str, str]
    secret: str
    hints: Mapping[int, str]
    sleep: Callable[[float], None]

    def __post_init__(self) -> None:
        if not _is_safe(self.base):
            raise Failed(f"{self.base} is not https: the token is not sent there")
        self._opener = urllib.request.build_opener(NoRedirects)

    def read(self, path: str) -> Any:
        """The body of a GET, tried again while the server is busy. Raises Failed."""
        return self._tried("GET", path, None, again=PASSING)

    def write(self, method: str, path: str, body: Any = None) -> Any:
        """The body of the answer to a call that may be repeated: it sets or removes. Raises Failed."""
        return self._tried(method, path, body, again=PASSING)

    def create(self, path: str, body: Any) -> Any:
        """The body of the answer to a POST, repeated only where nothing was done. Raises Unclear, Failed."""
        return self._tried("POST", path, body, again=(429,))

    def rows(self, path: str) -> Iterator[Any]:
        """All rows of a list, page by page. Raises Failed."""
        joint = "&" if "?" in path else "?"
        page = 1
        while True:
            found = self.read(f"{path}{joint}per_page={ROWS}&page={page}")
            if not isinstance(found, list):
                raise Failed(f"GET {path}: the answer is no list: is {self.base} the address of the API?")
            yield from found
            if len(found) < ROWS:
                return
            page += 1
            if page > PAGES:
                raise Failed(f"GET {path}: the list doesn't end after {PAGES} pages")

    def named(self, path: str, name: str) -> list[Any]:
        """The rows of a list that stands in an object under a name; the first page, newest first. Raises Failed."""
        found = self.read(path)
        rows = found.get(name) if isinstance(found, dict) else found
        return rows if isinstance(rows, list) else []

    def file(self, path: str) -> bytes:
        """A file, also from where the forge redirects to: there without the token. Raises Failed."""
        request = urllib.request.Request(self.base + path, headers=dict(self.headers))
        try:
            try:
                with self._opener.open(request, timeout=SECONDS) as response:
                    return _content(response)
            except urllib.error.HTTPError as error:
                place = error.headers.get("Location", "")
                if error.code not in (302, 303, 307) or not _is_safe(place):
                    raise
                with self._opener.open(urllib.request.Request(place), timeout=SECONDS) as response:
                    return _content(response)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Failed(self._clean(f"GET {path}: {error}")) from error

    def _tried(self, method: str, path: str, body: Any, *, again: Sequence[int]) -> Any:
        for attempt in range(1, TRIES + 1):
            answer = self._asked(method, path, body)
            if 200 <= answer.status < 300:
                return answer.body
            is_limit = answer.status == 403 and answer.wait is not None
            if attempt == TRIES or not (answer.status in again or is_limit):
                break
            self.sleep(min(answer.wait if answer.wait is not None else 2.0**attempt, LONGEST_WAIT))
        failure = Unclear if answer.status == NO_ANSWER or answer.status >= 500 else Failed
        status = answer.status or "no answer"
        raise failure(self._clean(f"{method} {path}: {status}: {_said(answer)}{self._hint(answer.status)}"))

    def _asked(self, method: str, path: str, body: Any) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        headers = {**self.headers, "Content-Type": "application/json", "User-Agent": "billsync-forge"}
        request = urllib.request.Request(self.base + path, data=data, headers=headers, method=method)
        try:
            with self._opener.open(request, timeout=SECONDS) as response:
                return Answer(response.status, _parsed(response.read()), None)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _parsed(error.read()), _wait(error.headers))
        except (OSError, ValueError, http.client.HTTPException) as error:
            return Answer(NO_ANSWER, {"message": str(getattr(error, "reason", error))}, None)

    def _hint(self, status: int) -> str:
        hint = self.hints.get(status, "")
        return f"\n  {hint}" if hint else ""

    def _clean(self, text: str) -> str:
        return text.replace(self.secret, "***") if self.secret else text


def _is_safe(url: str) -> bool:
    """Whether an address is https, or on this machine."""
    parts = urllib.parse.urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def _content(response: Any) -> bytes:
    content: bytes = response.read(FILE_BYTES + 1)
    if len(content) > FILE_BYTES:
        raise ValueError(f"it is longer than {FILE_BYTES // 2**20} MiB")
    return content


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content) if content.strip() else None
    except ValueError:
        return None


def _said(answer: Answer) -> str:
    """The message of an error answer, in one line."""
    body = answer.body if isinstance(answer.body, dict) else {}
    said = body.get("message") or body.get("error_description") or body.get("error") or "no message"
    return " ".join(str(said).split())[:300]


def _wait(headers: Message) -> float | None:
    """The seconds that the forge asks to wait; None where it asks for nothing."""
    after = headers.get("Retry-After", "")
    if after.isascii() and after.isdigit():
        return float(after)
    return LONGEST_WAIT if headers.get("x-ratelimit-remaining") == "0" else None


def _user(row: Mapping[str, Any], field: str, name: str) -> str:
    """The author of a row; empty for one whose account is gone."""
    return str((row.get(field) or {}).get(name, ""))


class Forge(Protocol):
    """A forge: comments of one pull request, and issues of one repository."""

    def author(self) -> str:
        """The user that the token belongs to."""

    def comments(self) -> Iterator[Post]:
        """All comments of the pull request, the oldest first."""

    def add(self, body: str) -> None:
        """Add a comment. Raises Unclear, Failed."""

    def edit(self, comment: Post, body: str) -> None:
        """Replace the text of a comment."""

    def hide(self, comment: Post, body: str) -> None:
        """Fold a comment away; `body` is its text without the marker."""

    def delete(self, comment: Post) -> None:
        """Delete a comment."""

    def issues(self) -> Iterator[Post]:
        """The open issues."""

    def open(self, title: str, body: str) -> None:
        """Open an issue. Raises Unclear, Failed."""

    def rewrite(self, issue: Post, title: str, body: str) -> None:
        """Replace an issue's title and text."""

    def close(self, issue: Post, body: str) -> None:
        """Say in an issue why it is closed, and close it."""

    def approved(self, artifact: str, file: str) -> bytes:
        """The file of an artifact that the last pipeline of the merged pull request made. Raises Failed."""


@dataclass
class GitHub:
    """GitHub, or GitHub Enterprise Server at its own address."""

    api: Api
    repository: str
    number: str
    login: str
    graphql: Api
    commit: str
    workflow: str

    def author(self) -> str:
        """A workflow's own token may not ask who it is: it is the actions' bot."""
        if self.login:
            return self.login
        try:
            return str(self.api.read("/user")["login"])
        except Failed:
            return GITHUB_ACTIONS

    def comments(self) -> Iterator[Post]:
        for row in self.api.rows(f"/repos/{self.repository}/issues/{self._number()}/comments"):
            yield Post(str(row["id"]), row["body"] or "", _user(row, "user", "login"), str(row.get("node_id", "")))

    def add(self, body: str) -> None:
        self.api.create(f"/repos/{self.repository}/issues/{self._number()}/comments", {"body": body})

    def edit(self, comment: Post, body: str) -> None:
        self.api.write("PATCH", f"/repos/{self.repository}/issues/comments/{comment.key}", {"body": body})

    def hide(self, comment: Post, body: str) -> None:
        query = "mutation($id: ID!) {minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) {clientMutationId}}"
        said = self.graphql.write("POST", "/graphql", {"query": query, "variables": {"id": comment.node}}) or {}
        if said.get("errors"):
            raise Failed(f"hiding a comment: {said['errors'][0].get('message')}")
        self.edit(comment, body)

    def delete(self, comment: Post) -> None:
        self.api.write("DELETE", f"/repos/{self.repository}/issues/comments/{comment.key}")

    def issues(self) -> Iterator[Post]:
        for row in self.api.rows(f"/repos/{self.repository}/issues?state=open"):
            if "pull_request" not in row:
                yield Post(str(row["number"]), row["body"] or "", _user(row, "user", "login"), title=row["title"])

    def open(self, title: str, body: str) -> None:
        self.api.create(f"/repos/{self.repository}/issues", {"title": title, "body": body})

    def rewrite(self, issue: Post, title: str, body: str) -> None:
        self.api.write("PATCH", f"/repos/{self.repository}/issues/{issue.key}", {"title": title, "body": body})

    def close(self, issue: Post, body: str) -> None:
        self.api.create(f"/repos/{self.repository}/issues/{issue.key}/comments", {"body": body})
        self.api.write("PATCH", f"/repos/{self.repository}/issues/{issue.key}", {"state": "closed"})

    def approved(self, artifact: str, file: str) -> bytes:
        where = f"/repos/{self.repository}"
        head = self._head(where)
        query = urllib.parse.urlencode({"head_sha": head, "event": "pull_request", "per_page": ROWS})
        runs = self.api.named(f"{where}/actions/runs?{query}", "workflow_runs")
        own = [run for run in runs if run.get("path") == self.workflow and run.get("head_sha") == head]
        last = _only_good(own[:1], "conclusion", f"the run of {self.workflow} for {head}")
        name = urllib.parse.quote(artifact)
        found = self.api.named(f"{where}/actions/runs/{last['id']}/artifacts?name={name}", "artifacts")
        live = [each for each in found if each.get("name") == artifact and not each.get("expired")]
        if not live:
            raise Failed(f"run {last['id']} has no artifact {artifact!r}, or it has expired")
        archive = self.api.file(f"{where}/actions/artifacts/{live[0]['id']}/zip")
        return _unzipped(archive, os.path.basename(file))

    def _head(self, where: str) -> str:
        """The last commit of the pull request that was merged as this commit."""
        pulls = self.api.rows(f"{where}/commits/{self.commit}/pulls")
        merged = [pull for pull in pulls if pull.get("merge_commit_sha") == self.commit and pull.get("merged_at")]
        if not merged:
            raise Failed(f"no pull request was merged as {self.commit}: there is no approved plan file")
        return str(merged[0]["head"]["sha"])

    def _number(self) -> str:
        if not self.number:
            raise Failed("this run belongs to no pull request: give --number")
        return self.number


@dataclass
class GitLab:
    """GitLab: notes of a merge request, and issues of a project."""

    api: Api
    project: str
    number: str
    login: str
    commit: str

    def author(self) -> str:
        """The user of the token; that of a project's access token is a bot."""
        return self.login or str(self.api.read("/user")["username"])

    def comments(self) -> Iterator[Post]:
        for row in self.api.rows(f"{self._request()}/notes?sort=asc&order_by=created_at"):
            if not row.get("system"):
                yield Post(str(row["id"]), row["body"] or "", _user(row, "author", "username"))

    def add(self, body: str) -> None:
        self.api.create(f"{self._request()}/notes", {"body": body})

    def edit(self, comment: Post, body: str) -> None:
        self.api.write("PUT", f"{self._request()}/notes/{comment.key}", {"body": body})

    def hide(self, comment: Post, body: str) -> None:
        """GitLab hides no note: it is folded."""
        self.edit(comment, f"<details><summary>Outdated: there is a newer comment.</summary>\n\n{body}\n\n</details>")

    def delete(self, comment: Post) -> None:
        self.api.write("DELETE", f"{self._request()}/notes/{comment.key}")

    def issues(self) -> Iterator[Post]:
        for row in self.api.rows(f"/projects/{self.project}/issues?state=opened"):
            yield Post(str(row["iid"]), row["description"] or "", _user(row, "author", "username"), title=row["title"])

    def open(self, title: str, body: str) -> None:
        self.api.create(f"/projects/{self.project}/issues", {"title": title, "description": body})

    def rewrite(self, issue: Post, title: str, body: str) -> None:
        self.api.write("PUT", f"/projects/{self.project}/issues/{issue.key}", {"title": title, "description": body})

    def close(self, issue: Post, body: str) -> None:
        self.api.create(f"/projects/{self.project}/issues/{issue.key}/notes", {"body": body})
        self.api.write("PUT", f"/projects/{self.project}/issues/{issue.key}", {"state_event": "close"})

    def approved(self, artifact: str, file: str) -> bytes:
        """The artifact is the one of a job, by its name."""
        where = f"/projects/{self.project}"
        requests = self.api.rows(f"{where}/repository/commits/{self.commit}/merge_requests")
        merged = [each for each in requests if each.get("state") == "merged"]
        if not merged:
            raise Failed(f"no merge request was merged as {self.commit}: there is no approved plan file")
        iid = merged[0]["iid"]
        pipelines = list(self.api.rows(f"{where}/merge_requests/{iid}/pipelines"))
        newest = sorted(pipelines, key=lambda each: int(each["id"]), reverse=True)[:1]
        last = _only_good(newest, "status", f"the last pipeline of merge request !{iid}")
        jobs = [job for job in self.api.rows(f"{where}/pipelines/{last['id']}/jobs") if job.get("name") == artifact]
        if not jobs:
            raise Failed(f"pipeline {last['id']} has no job {artifact!r}")
        return self.api.file(f"{where}/jobs/{jobs[0]['id']}/artifacts/{urllib.parse.quote(os.path.normpath(file))}")

    def _request(self) -> str:
        if not self.number:
            raise Failed("this pipeline belongs to no merge request: run it for merge requests, or give --number")
        return f"/projects/{self.project}/merge_requests/{self.number}"


def _only_good(found: Sequence[Any], field: str, what: str) -> Any:
    """The newest pipeline. Raises Failed if there is none, or it didn't succeed: nobody approved what it shows."""
    if not found:
        raise Failed(f"{what} is not there")
    if found[0].get(field) != "success":
        raise Failed(f"{what} didn't succeed: {found[0].get(field)}")
    return found[0]


def _unzipped(content: bytes, name: str) -> bytes:
    """One file of an archive. Raises Failed."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if archive.getinfo(name).file_size > FILE_BYTES:
                raise Failed(f"{name} is longer than {FILE_BYTES // 2**20} MiB")
            return archive.read(name)
    except (zipfile.BadZipFile, KeyError) as error:
        raise Failed(f"the artifact holds no {name}") from error


def comment(forge: Forge, name: str, text: str, behaviour: str, *, is_quiet: bool) -> str:
    """Say something in the pull request; returns what was done. `is_quiet`: nothing changes. Raises Failed."""
    body = _marked(COMMENT, name, text)
    own = _own(forge.comments(), COMMENT, name, forge.author())
    if not own:
        return "nothing to say" if is_quiet else _added(forge, name, body)
    if is_quiet or behaviour == "update":
        if _same(own[-1].body, body):
            return "the comment says so already"
        forge.edit(own[-1], body)
        return "the comment is updated"
    done = _added(forge, name, body, known=own)
    for old in own if behaviour != "new" else ():
        forge.delete(old) if behaviour == "delete-and-new" else forge.hide(old, _retired(old, name))
    return done


def issue(forge: Forge, name: str, title: str, text: str, *, is_over: bool) -> str:
    """Keep one issue about something: open or update it, or close it when it is over. Raises Failed."""
    body = _marked(ISSUE, name, text)
    author = forge.author()
    own = _own(forge.issues(), ISSUE, name, author)
    if is_over:
        for each in own:
            forge.close(each, _plain(body))
        return f"{len(own)} closed" if own else "no issue is open"
    if not own:
        return _opened(forge, name, title, body, author)
    if own[-1].title == title and _same(own[-1].body, body):
        return "the issue says so already"
    forge.rewrite(own[-1], title, body)
    return "the issue is updated"


def _added(forge: Forge, name: str, body: str, known: Sequence[Post] = ()) -> str:
    """Add a comment. After an unclear answer it is looked for first, so that it is never there twice."""
    keys = {post.key for post in known}

    def is_there() -> bool:
        return any(post.key not in keys for post in _own(forge.comments(), COMMENT, name, forge.author()))

    _made(lambda: forge.add(body), is_there)
    return "a comment is added"


def _opened(forge: Forge, name: str, title: str, body: str, author: str) -> str:
    _made(lambda: forge.open(title, body), lambda: bool(_own(forge.issues(), ISSUE, name, author)))
    return "an issue is opened"


def _made(make: Callable[[], None], is_there: Callable[[], bool]) -> None:
    for attempt in range(1, TRIES + 1):
        try:
            make()
            return
        except Unclear:
            if is_there():
                return
            if attempt == TRIES:
                raise


def _own(posts: Iterator[Post], kind: str, name: str, author: str) -> list[Post]:
    """The posts of the author that begin with the marker: anybody could write the marker, or quote it."""
    marker = _marker(kind, name)
    return [post for post in posts if post.author == author and post.body.startswith(marker)]


def _marker(kind: str, name: str) -> str:
    return f"<!-- {kind}: {name} -->"


def _marked(kind: str, name: str, text: str) -> str:
    marker = _marker(kind, name)
    rest = text.replace("\r\n", "\n").strip("\n")
    rest = BILLSYNCS_OWN.sub("", rest).strip("\n")
    return f"{marker}\n{rest}"


def _same(live: str, wanted: str) -> bool:
    """Whether a forge shows a text, whatever it does with line ends and blanks around it."""
    return live.replace("\r\n", "\n").strip() == wanted.strip()


def _plain(body: str) -> str:
    """The text without its marker."""
    return body.partition("\n")[2]


def _retired(post: Post, name: str) -> str:
    """The text of a comment that is hidden: it is no longer found by its marker."""
    return f"{_marker(OLD, name)}\n{_plain(post.body)}"


def forge_of(name: str | None, environment: Mapping[str, str], number: str, sleep: Callable[[float], None]) -> Forge:
    """The forge that the pipeline runs on. Raises Failed."""
    name = name or ("gitlab" if environment.get("GITLAB_CI") else "github")
    login = environment.get("FORGE_AUTHOR", "")
    return (_gitlab if name == "gitlab" else _github)(environment, number, login, sleep)


def _github(environment: Mapping[str, str], number: str, login: str, sleep: Callable[[float], None]) -> Forge:
    token = _token(environment, "GITHUB_TOKEN")
    base = environment.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    hint = "The token needs `pull-requests: write` for comments, `issues: write` for issues; a fork's has neither."
    api = Api(base, {**headers, "X-GitHub-Api-Version": "2022-11-28"}, token, {401: hint, 403: hint, 404: hint}, sleep)
    graphql = replace(api, base=base.removesuffix("/v3"))
    repository = _needed(environment, "GITHUB_REPOSITORY")
    workflow = environment.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].removeprefix(f"{repository}/")
    number = number or _pull_request(environment)
    return GitHub(api, repository, number, login, graphql, environment.get("GITHUB_SHA", ""), workflow)


def _pull_request(environment: Mapping[str, str]) -> str:
    """The number of the pull request that GitHub runs for: in its reference, or in the event."""
    if match := re.fullmatch(r"refs/pull/([0-9]+)/\w+", environment.get("GITHUB_REF", "")):
        return match[1]
    path = environment.get("GITHUB_EVENT_PATH", "")
    try:
        with open(path, encoding="utf-8") as file:
            return str(json.load(file)["pull_request"]["number"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _gitlab(environment: Mapping[str, str], number: str, login: str, sleep: Callable[[float], None]) -> Forge:
    token = _token(environment, "GITLAB_TOKEN")
    base = _needed(environment, "CI_API_V4_URL").rstrip("/")
    hint = "GITLAB_TOKEN must be an access token of the project: scope `api`, role Developer."
    api = Api(base, {"PRIVATE-TOKEN": token}, token, {401: hint, 403: hint, 404: hint}, sleep)
    project = urllib.parse.quote(_needed(environment, "CI_PROJECT_ID"), safe="")
    number = number or environment.get("CI_MERGE_REQUEST_IID", "")
    return GitLab(api, project, number, login, environment.get("CI_COMMIT_SHA", ""))


def _needed(environment: Mapping[str, str], name: str) -> str:
    if value := environment.get(name, "").strip():
        return value
    raise Failed(f"{name} is not set")


def _token(environment: Mapping[str, str], name: str) -> str:
    token = _needed(environment, name)
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise Failed(f"{name} holds characters that no token has")
    return token


def _name(text: str) -> str:
    if not NAME.match(text) or "--" in text:
        raise argparse.ArgumentTypeError("a name has letters, digits and single `.`, `_` or `-`")
    return text


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="forge.py", description="Say in a pull request or an issue what billsync found."
    )
    parser.add_argument("--forge", choices=("github", "gitlab"), help="default: where this runs")
    commands = parser.add_subparsers(dest="command", required=True)
    plan = commands.add_parser("plan", help="download the plan file of the pull request that was merged as this commit")
    plan.add_argument("file", help="where it goes; in the artifact it has the same name, on GitLab the same path")
    plan.add_argument("--artifact", required=True, help="on GitHub its name, on GitLab the job's")
    for name, text in (("comment", "comment on the pull request"), ("issue", "keep one issue")):
        command = commands.add_parser(name, help=text)
        command.add_argument("file", help="the text, in Markdown")
        command.add_argument("--name", type=_name, default="billsync", help="tells several of them apart")
        if name == "comment":
            command.add_argument("--number", default="", help="of the pull request; default: this run's")
            command.add_argument("--behaviour", choices=BEHAVIOURS, default="update")
            command.add_argument("--nothing-changes", action="store_true", help="make no comment, but update one")
        else:
            command.add_argument("--title", required=True)
            command.add_argument("--over", action="store_true", help="close the issue, if one is open")
    return parser


def run(arguments: Sequence[str], environment: Mapping[str, str], sleep: Callable[[float], None]) -> str:
    """Carry out one command line; returns what was done. Raises Failed, SystemExit for wrong usage."""
    given = _arguments().parse_args(arguments)
    forge = forge_of(given.forge, environment, getattr(given, "number", ""), sleep)
    try:
        if given.command == "plan":
            return _downloaded(forge, given.artifact, given.file)
        with open(given.file, encoding="utf-8") as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise Failed(f"{given.file}: {error}") from error
    if given.command == "issue":
        return issue(forge, given.name, given.title, text, is_over=given.over)
    return comment(forge, given.name, text, given.behaviour, is_quiet=given.nothing_changes)


def _downloaded(forge: Forge, artifact: str, path: str) -> str:
    content = forge.approved(artifact, path)
    with open(path, "wb") as file:
        file.write(content)
    return f"{path} is the plan file that was approved"


def main() -> int:
    """Run this process's command line, and return its exit code."""
    try:
        print(f"forge.py: {run(sys.argv[1:], os.environ, time.sleep)}")
    except Failed as failure:
        print(f"forge.py: error: {failure}", file=sys.stderr)
        return 1
    except (AttributeError, LookupError, TypeError) as error:
        print(f"forge.py: error: an answer of the forge has another form: {error!r}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
