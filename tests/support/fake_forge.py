"""A fake of GitHub's and GitLab's API, as far as `ci/forge.py` uses it, over a socket of this machine."""

from __future__ import annotations

import json
import re
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

BOT = {"github": "github-actions[bot]", "gitlab": "project_7_bot"}
TOKEN = "forge-canary-token"
Row = dict[str, Any]


@dataclass
class Fault:
    """A call that goes wrong: `status` is answered before, or after, it was carried out; 0 breaks the connection."""

    method: str
    status: int
    acts: bool = False
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Approved:
    """The files that the last pipeline of a merged pull request left, and how that pipeline ended."""

    files: dict[str, bytes]
    name: str
    merge: str = "merge1"
    result: str = "success"
    workflow: str = ".github/workflows/billing.yml"
    expired: bool = False

    def zipped(self) -> bytes:
        """The files in an archive."""
        content = BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for name, data in self.files.items():
                archive.writestr(name, data)
        return content.getvalue()


@dataclass
class FakeForge:
    """The posts of pull request 7, and the issues. A page has at most `size` rows."""

    kind: str
    comments: list[Row] = field(default_factory=list)
    issues: list[Row] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    approved: Approved | None = None
    size: int = 100
    port: int = 0
    made: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """What the forge tells a pipeline."""
        base = f"http://127.0.0.1:{self.port}"
        if self.kind == "github":
            return {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/billing", "GITHUB_API_URL": base,
                    "GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": "merge1",
                    "GITHUB_WORKFLOW_REF": "acme/billing/.github/workflows/billing.yml@refs/heads/main"}  # fmt: skip
        return {"GITLAB_CI": "true", "CI_COMMIT_SHA": "merge1", "GITLAB_TOKEN": TOKEN, "CI_API_V4_URL": base,
                "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7"}  # fmt: skip

    def says(self, body: str, author: str = "") -> Row:
        """A comment that is there already."""
        return self._keep(self.comments, {"body": body}, author)

    def _keep(self, rows: list[Row], fields: Row, author: str = "") -> Row:
        self.made += 1
        login = author or BOT[self.kind]
        row = {"id": self.made, "number": self.made, "iid": self.made, "node_id": f"N{self.made}", "state": "open"}
        rows.append({**row, "user": {"login": login}, "author": {"username": login}, **fields})
        return rows[-1]

    def answer(self, method: str, target: str, body: Row) -> tuple[int, Any]:
        """Carry a call out."""
        parts = urlsplit(target)
        self.calls.append(f"{method} {parts.path}")
        path = re.sub(r"^/repos/acme/billing|^/projects/42", "", parts.path)
        page = parse_qs(parts.query)
        match (method, path.strip("/").split("/")):
            case ("GET", ["blob"] | ["commits" | "repository" | "actions" | "pipelines" | "jobs", *_]):
                return self._of_the_merge(path.strip("/").split("/"))
            case ("GET", ["merge_requests", "7", "pipelines"]):
                rows = (
                    [{"id": 8, "status": "failed"}, {"id": 9, "status": self.approved.result}] if self.approved else []
                )
                return self._listed(rows, page)
            case ("GET", ["user"]):
                is_app = self.kind == "github"
                return (403, {"message": "Resource not accessible"}) if is_app else (200, {"username": BOT["gitlab"]})
            case ("POST", ["graphql"]):
                self.hidden.append(body["variables"]["id"])
                return 200, {"data": {}}
            case (_, ["issues", "7", "comments"] | ["merge_requests", "7", "notes"]):
                return self._listed(self.comments, page) if method == "GET" else (201, self._keep(self.comments, body))
            case (_, ["issues", "comments", key] | ["merge_requests", "7", "notes", key]):
                return self._changed(self.comments, method, key, body)
            case (_, ["issues"]):
                is_open = [row for row in self.issues if row["state"] == "open"]
                return self._listed(is_open, page) if method == "GET" else (201, self._keep(self.issues, body))
            case ("POST", ["issues", key, "comments" | "notes"]):
                next(row for row in self.issues if str(row["id"]) == key).setdefault("said", []).append(body["body"])
                return 201, {}
            case (_, ["issues", key]):
                return self._changed(self.issues, method, key, body)
        return 404, {"message": f"no such route: {method} {parts.path}"}

    def _of_the_merge(self, path: list[str]) -> tuple[int, Any]:
        """What is asked for on the way to the approved plan file; a text is an address to go on to."""
        found = self.approved
        if found is None:
            return 200, []
        pull = {"merge_commit_sha": found.merge, "merged_at": "now", "head": {"sha": "h"}, "state": "merged", "iid": 7}
        run = {"id": 9, "head_sha": "h", "path": found.workflow, "conclusion": found.result}
        match path:
            case ["commits", sha, "pulls"] | ["repository", "commits", sha, "merge_requests"]:
                return 200, [pull] * (sha == found.merge)
            case ["actions", "runs"]:
                return 200, {"workflow_runs": [{**run, "path": "other.yml"}, run]}
            case ["actions", "runs", "9", "artifacts"]:
                return 200, {"artifacts": [{"id": 5, "name": found.name, "expired": found.expired}]}
            case ["actions", "artifacts", "5", "zip"]:
                return 302, "/blob"
            case ["blob"]:
                return 200, found.zipped()
            case ["pipelines", "9", "jobs"]:
                return 200, [{"id": 4, "name": found.name}]
            case ["jobs", "4", "artifacts", *name] if "/".join(name) in found.files:
                return 200, found.files["/".join(name)]
        return 404, {"message": "Not Found"}

    def _listed(self, rows: list[Row], page: dict[str, list[str]]) -> tuple[int, list[Row]]:
        size, number = min(int(page["per_page"][0]), self.size), int(page["page"][0])
        return 200, rows[(number - 1) * size : number * size]

    def _changed(self, rows: list[Row], method: str, key: str, body: Row) -> tuple[int, Any]:
        row = next((row for row in rows if str(row["id"]) == key), None)
        if row is None:
            return 404, {"message": "Not Found"}
        if method == "DELETE":
            rows.remove(row)
            return 204, None
        row.update({**body, **({"state": "closed"} if body.get("state_event") == "close" else {})})
        return 200, row

    def fault(self, method: str) -> Fault | None:
        """The next fault, if it is for this method."""
        if self.faults and self.faults[0].method == method:
            return self.faults.pop(0)
        return None


@contextmanager
def serving(kind: str, **more: Any) -> Iterator[FakeForge]:
    """A fake forge on a port of its own."""
    forge = FakeForge(kind, **more)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(forge))
    forge.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()


def _handler(forge: FakeForge) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            given = self.headers.get("Authorization", "").removeprefix("Bearer ") or self.headers.get(
                "PRIVATE-TOKEN", ""
            )
            fault = forge.fault(self.command)
            is_blob = self.path == "/blob"  # signed by its address; a token there would be a leak
            if given != ("" if is_blob else TOKEN):
                self._reply(401, {"message": f"Bad credentials {given}"}, {})
            elif fault is None or fault.acts:
                status, body = forge.answer(self.command, self.path, json.loads(sent or b"{}"))
                self._broken(fault) if fault else self._reply(status, body, {})
            else:
                self._broken(fault)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

        def _broken(self, fault: Fault) -> None:
            if fault.status:
                self._reply(fault.status, {"message": f"Bad luck for {TOKEN}"}, fault.headers)
            else:
                self.close_connection = True

        def _reply(self, status: int, body: Any, headers: dict[str, str]) -> None:
            content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            if isinstance(body, str):
                headers = {**headers, "Location": f"http://127.0.0.1:{forge.port}{body}"}
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler
