"""The options that name a server and how to get in, and what a profile gives where they are left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field

import click

from billsync.cli.options.options import file_option, together
from billsync.cli.terminal.surroundings import Run
from billsync.model.frozen import dataclass, replace
from billsync.model.headers import header_problem
from billsync.model.limits import LONGEST_TIMEOUT

DIALECTS = ("openmeter", "openmeter@2026-08", "openmeter@later", "konnect", "konnect@1.1", "konnect@1.2")
"""As in the tables of the API, which help doesn't load; a test compares them."""


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The server in the words of the command line; None for options left out.

    `asks_anew`: what the server said of itself earlier doesn't count.
    """

    server: str | None = None
    token_file: str | None = None
    dialect: str | None = None
    insecure_token: bool = False
    ca_file: str | None = None
    timeout: int | None = None
    header: Mapping[str, str] = field(default_factory=dict, repr=False)
    asks_anew: bool = False


def _profile(ctx: click.Context, parameter: click.Parameter, value: str | None) -> None:
    ctx.ensure_object(Run).profile = value


def _headers(ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> dict[str, str]:
    """Headers by name; of two with the same name, the last. Raises BadParameter, which holds no value."""
    found: dict[str, tuple[str, str]] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.BadParameter("a header is NAME=VALUE")
        if problem := header_problem(name, value):
            raise click.BadParameter(problem)
        found[name.lower()] = (name, value)
    return dict(found.values())


server_options = together(
    click.option("--server", metavar="URL", help="The API's base URL, or local:[PATH]; default: BILLSYNC_SERVER."),
    click.option(
        "--profile",
        metavar="NAME",
        expose_value=False,
        callback=_profile,
        help="Take what other options leave out from this profile of .billsync.yaml.",
    ),
    file_option(
        "--token-file",
        help="File with the token; default: BILLSYNC_TOKEN, KONNECT_TOKEN.",
    ),
    click.option(
        "--dialect",
        type=click.Choice(DIALECTS),
        metavar="NAME[@GENERATION]",
        help="openmeter or konnect, such as konnect@1.2; detected automatically by default.",
    ),
    file_option(
        "--ca-file",
        help="CA certificates to trust, in PEM; default: SSL_CERT_FILE, SSL_CERT_DIR.",
    ),
    click.option(
        "--timeout",
        type=click.IntRange(1, LONGEST_TIMEOUT),
        metavar="SECONDS",
        help="The longest that a request may take; default: 60, with silences of 30.",
    ),
    click.option(
        "--header",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_headers,
        help="A header to add to each request; repeatable. Its value is never shown.",
    ),
    click.option("--insecure-token", is_flag=True, help="Allow sending the token and headers over plain http."),
)
"""The options that name a server and how to get in."""


def with_profile(run: Run, options: ServerOptions) -> ServerOptions:
    """The options, with what the chosen profile says where they say nothing. Raises Ended."""
    if run.profile is None:
        return options
    from billsync.cli.options.profiles import chosen_profile

    profile = chosen_profile(run)
    own = {name.lower() for name in options.header}
    more = {name: value for name, value in profile.headers.items() if name.lower() not in own}
    return replace(
        options,
        server=options.server or profile.server,
        token_file=options.token_file or profile.token_file,
        dialect=options.dialect or profile.dialect,
        ca_file=options.ca_file or profile.ca_file,
        timeout=options.timeout or profile.timeout,
        header={**more, **options.header},
    )
