"""`--version`, and with `--verbose` which of the fast libraries are there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from billsync import __version__
from billsync.cli.options.options import together
from billsync.cli.terminal.surroundings import Run
from billsync.model.plain_mode import VARIABLE, is_plain

LIBRARIES: Mapping[str, str] = {
    "msgspec": "msgspec",
    "orjson": "orjson",
    "rapidyaml": "ryml",
    "jsonschema-rs": "jsonschema_rs",
    "pycurl": "pycurl",
    "greenlet": "greenlet",
}
"""The libraries of the extra `fast`, with the modules that are imported."""


def _keep(ctx: click.Context, parameter: click.Parameter, value: bool) -> bool:
    ctx.meta[__name__] = value
    return value


def _show_version(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
    is_verbose = ctx.meta[__name__]
    if is_verbose and not value:
        raise click.UsageError("before a command, --verbose goes with --version")
    if value and not ctx.resilient_parsing:
        click.echo(f"billsync, version {__version__}")
        if is_verbose:
            click.echo("\n".join(_library_lines(ctx.ensure_object(Run).around.environment)))
        ctx.exit()


def _library_lines(environment: Mapping[str, str]) -> Iterator[str]:
    for name, module in LIBRARIES.items():
        yield f"{name}: {_version(name, module)}"
    if is_plain(environment):
        yield f"{VARIABLE} is set: no fast library is used"


def _version(name: str, module: str) -> str:
    """The version of a library, if it can be loaded."""
    from importlib import import_module, metadata

    try:
        import_module(module)
        return metadata.version(name)
    except ImportError:
        return "not installed (extra: fast)"


version_options = together(
    click.option(
        "--version", is_flag=True, expose_value=False, callback=_show_version, help="Show the version and exit."
    ),
    click.option(
        "--verbose",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_keep,
        help="With --version: also show which of the fast libraries are there.",
    ),
)
"""The options before a command that show what is installed."""
