"""From a server's answer to the answer or the error of a port, with a message that holds no secret."""

from __future__ import annotations

from billsync.api.permissions import roles_for
from billsync.core.secrets.hiding import mask_of, secret_values
from billsync.live.protocol.messages import error_message, printable
from billsync.live.protocol.received import Received
from billsync.live.protocol.target import Target
from billsync.live.transports.settings import Settings
from billsync.model.ports import Answer, Unclear, Unreachable
from billsync.model.value import Plain

RULES = ("forbidden error:", "Deleting tax codes is not allowed")
"""In the detail of a 403 that is a rule of the product, not a permission (customer-facts.md §5.6)."""

NOT_AN_API = "this is not an API v3 server (it answered {what}): is the base {base} right?"


class Understanding:
    """Understands the answers to one client."""

    def __init__(self, target: Target, settings: Settings) -> None:
        self._target = target
        self._has_token = settings.token is not None
        self._mask = mask_of(settings.token, *secret_values(settings.headers)).also(settings.hidden)

    def clean(self, text: str) -> str:
        """The text on one line, without secrets."""
        return printable(text, self._mask)

    def answer(self, method: str, path: str, response: Received) -> Answer:
        """The answer, with a message if it is an error."""
        status, parsed = response.status, response.parsed
        if parsed is None:
            return Answer(status, None, self.clean(f"{error_message(status, None)} ({response.kind})"))
        if response.ok:
            return Answer(status, parsed.value)
        return Answer(status, parsed.value, self._said(method, path, status=status, body=parsed.value))

    def _said(self, method: str, path: str, *, status: int, body: Plain) -> str:
        """Return the message of an error answer; if a permission is missing, with its name."""
        said = error_message(status, body, self._mask)
        roles = " or ".join(f"`{role}`" for role in roles_for(method, path))
        if status != 403 or not roles or any(rule in said for rule in RULES):
            return said
        return f"{said}; the token lacks a permission: on Konnect it needs the role {roles}"

    def refuse(self, method: str, path: str, response: Received) -> None:
        """Raise for a redirect, and for a missing or wrong token: Unreachable, as nothing was done, but Unclear for a
        303 after a write."""
        status = response.status
        if status == 401:
            said = error_message(status, response.parsed.value if response.parsed else None, self._mask)
            given = "refused the token" if self._has_token else "asks for a token, and none was given"
            raise Unreachable(f"{method} {path}: the server {given} ({said})")
        if 300 <= status < 400:
            place = response.place
            failure = Unclear if status == 303 and method != "GET" else Unreachable
            raise failure(self.clean(f"{method} {path}: the server redirects to {place}: use that base URL"))

    def strange(self, response: Received) -> str:
        """The message about an answer that isn't one of the API."""
        what = response.kind
        if response.ok and what == "JSON":
            return self.clean(f"the answer ({response.status}) was cut off: it is not complete JSON")
        return self.clean(f"{response.status}: {NOT_AN_API.format(what=what, base=self._target.name)}")
