"""From the options and the environment to an open connection. The only place that reads a token."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from billsync.api.generations import KONNECT
from billsync.app.ending import Ended, Exit, error, usage
from billsync.app.server.aiming import check_address
from billsync.app.server.connecting import Way, connect, connect_reading
from billsync.app.server.connection import Connection, ReadingConnection
from billsync.cli.options.server import ServerOptions, with_profile
from billsync.cli.servers.served_memory import ServedFiles
from billsync.cli.terminal.signals import held_back
from billsync.cli.terminal.state_dir import default_database, served_memory
from billsync.cli.terminal.surroundings import Run
from billsync.core.secrets.hiding import secret_values, source_mask, whole_mask
from billsync.live.client import Settings
from billsync.live.protocol.patience import Patience
from billsync.live.protocol.requested import unheard
from billsync.live.protocol.target import Target, parse_target, token_problem
from billsync.model.diagnostic import Diagnostic, Severity
from billsync.model.limits import ANSWER_SECONDS, CA_BYTES, REQUEST_SECONDS, TOKEN_BYTES
from billsync.model.ports import Clock
from billsync.model.state import IntendedTarget
from billsync.render.diagnostics import diagnostics_text
from billsync.schema.codes import diagnostic

if TYPE_CHECKING:
    import ssl

    from billsync.local.app import LocalServer

SERVER_VARIABLE = "BILLSYNC_SERVER"
TOKEN_VARIABLE = "BILLSYNC_TOKEN"
KONNECT_VARIABLE = "KONNECT_TOKEN"
ANY_TARGET = IntendedTarget()
TOKEN_PLACES = f"Give it with --token-file or {TOKEN_VARIABLE}."


@contextmanager
def connected(run: Run, options: ServerOptions, intended: IntendedTarget = ANY_TARGET) -> Iterator[Connection]:
    """A connection to the server that was named, which must be the intended one, as far as that is said.

    Raises Ended for unusable options and for another server, RemoteError for the server.
    """
    with ExitStack() as stack:
        connection = stack.enter_context(connect(_way(run, options, intended, stack), intended))
        _tell_assumed(run, connection)
        yield connection


@contextmanager
def connected_to_read(run: Run, options: ServerOptions, intended: IntendedTarget) -> Iterator[ReadingConnection]:
    """The same for a connection through which nothing can be written."""
    with ExitStack() as stack:
        connection = stack.enter_context(connect_reading(_way(run, options, intended, stack), intended))
        _tell_assumed(run, connection)
        yield connection


def _way(run: Run, options: ServerOptions, intended: IntendedTarget, stack: ExitStack) -> Way:
    options = with_profile(run, options)
    filed = _read_token(options.token_file) if options.token_file else None  # once: it may be a pipe
    run.hide(whole_mask({}, *_tokens(run.around.environment, filed), *secret_values(options.header)))
    target = _target(options, run.around.environment, filed)
    check_address(intended, target, _dialect(options, target))
    clock = run.around.clock
    embedded = _embedded(target, target.database, clock, stack) if target.database is not None else None
    settings = Settings(
        token=_checked_token(options, target, run.around.environment, filed),
        hidden=source_mask(run.sourced),
        insecure_token=options.insecure_token,
        embedded=embedded,
        patience=Patience(jitter=run.around.jitter),
        environment=run.around.environment,
        on_request=run.requested if run.hears_requests else unheard,
        headers=_checked_headers(options, target),
        trust=_trust(options.ca_file) if options.ca_file and target.database is None else None,
        request_seconds=options.timeout or REQUEST_SECONDS,
        answer_seconds=options.timeout or ANSWER_SECONDS,
        held_back=held_back,
    )
    memory = ServedFiles(served_memory(run.around.environment), clock, options.asks_anew)
    return Way(target, clock, settings, options.dialect, memory)


def _tell_assumed(run: Run, connection: ReadingConnection) -> None:
    if connection.is_assumed:
        run.mention(diagnostics_text([_assumed(connection)]))


def _assumed(connection: ReadingConnection) -> Diagnostic:
    """The note that a server's generation is not its own word."""
    detail = f"{connection.target} doesn't show which operations it takes (GET /openapi.json)."
    hint = "It is taken as OpenMeter of August 2026. If it is newer: --dialect openmeter@later."
    return diagnostic("assumed-generation", detail, hint, severity=Severity.NOTE)


def _dialect(options: ServerOptions, target: Target) -> str | None:
    """The dialect that is given, or that the address implies; without its generation."""
    return options.dialect.partition("@")[0] if options.dialect else target.dialect


def _target(options: ServerOptions, environment: Mapping[str, str], filed: str | None) -> Target:
    named = options.server or environment.get(SERVER_VARIABLE)
    if not named:
        hint = f"Give --server or --profile, or set {SERVER_VARIABLE}. `--server local:` is the embedded server."
        raise usage("no-server", hint=hint)
    if any(token in named for token in _tokens(environment, filed)):
        raise usage("bad-server", "It holds the token.", TOKEN_PLACES)
    target = parse_target(named, database=default_database(environment))
    if isinstance(target, Target):
        return target
    raise Ended(Exit.USAGE, target)


def _embedded(target: Target, database: str, clock: Clock, stack: ExitStack) -> LocalServer:
    """The embedded server in this process, over its file. Raises Ended when the file can't be used."""
    from billsync.cli.servers.database import open_database  # the whole embedded server comes with it
    from billsync.local.server.editions import AUGUST, edition_of

    edition = edition_of(target.dialect, target.generation) or AUGUST
    app = open_database(database, clock, test_clock=False, edition=edition)
    stack.callback(app.close)
    return app


def _checked_token(
    options: ServerOptions, target: Target, environment: Mapping[str, str], filed: str | None
) -> str | None:
    if target.database is not None:
        return None
    token = filed if filed is not None else _token(options, target, environment)
    problem = token_problem(target, token)
    if problem and not (options.insecure_token and problem.code == "insecure-token"):
        raise Ended(Exit.USAGE, problem)
    return token


def _checked_headers(options: ServerOptions, target: Target) -> Mapping[str, str]:
    """The headers to add. Like a token, they go over plain http to this machine only. Raises Ended."""
    if options.header and target.base.startswith("http:") and not (target.is_loopback or options.insecure_token):
        detail = f"{target.base} is neither https nor on this machine."
        raise usage("insecure-header", detail, "Use https, or allow it with --insecure-token.")
    return options.header


def _trust(path: str) -> ssl.SSLContext:
    """The certificates in a file. Raises Ended when it holds none that can be read."""
    from billsync.config.text.bounded import Unreadable, content_in  # with the room comes JSON Schema, for many nothing
    from billsync.live.protocol.trust import trust_in

    try:
        content_in(path, CA_BYTES)
        return trust_in(path)
    except (Unreadable, OSError) as problem:
        detail = f"the file that --ca-file or the profile names: {getattr(problem, 'strerror', None) or problem}"
        raise error("bad-ca-file", detail, "Name a file with CA certificates in PEM.") from problem


def _token(options: ServerOptions, target: Target, environment: Mapping[str, str]) -> str | None:
    """From the environment (empty is not given); Konnect's own variable goes to Konnect only."""
    is_konnect = KONNECT in (_dialect(options, target), target.dialect)
    names = (TOKEN_VARIABLE, KONNECT_VARIABLE) if is_konnect else (TOKEN_VARIABLE,)
    return next((token for name in names if (token := environment.get(name, "").strip())), None)


def _tokens(environment: Mapping[str, str], filed: str | None) -> list[str]:
    """All tokens that are given in any way."""
    given = [environment.get(name, "").strip() for name in (TOKEN_VARIABLE, KONNECT_VARIABLE)]
    return [token for token in (*given, filed) if token]


def _read_token(path: str) -> str:
    """The token in a file, or in a pipe that a shell has opened. Raises Ended when it can't be read."""
    from billsync.config.text.bounded import Unreadable, text_in

    try:
        return text_in(path, TOKEN_BYTES).strip()
    except Unreadable as problem:
        detail = f"the file that --token-file or the profile names: {problem}"
        raise error("no-token", detail, "Name a file that holds the token.") from problem
