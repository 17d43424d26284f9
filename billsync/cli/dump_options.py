"""The options of `dump`."""

from __future__ import annotations

import os

import click

from billsync.cli.options import OUTPUT, YES, file_option, together
from billsync.cli.selecting import select_option

dump_options = together(
    OUTPUT,
    click.option("--split", "splits", is_flag=True, help="Write a file a kind into the folder that -o names."),
    file_option("--losses", help="Write what the files can't declare as JSON, too."),
    select_option,
    click.option(
        "--rate-card-library",
        "has_library",
        is_flag=True,
        help="Write rate cards that are alike once, in the library, from where plans and add-ons use them.",
    ),
    click.option("--adopt", "adopts", is_flag=True, help="Take over what is live and nobody's; needs --owner."),
    click.option("--owner", metavar="NAME", help="With --adopt: the owner, as `_info.owner` of the files."),
    YES,
)
"""The options that say what is dumped, in which form, and into which files."""


def check_dump_options(output: str | None, losses: str | None, *, splits: bool) -> None:
    """Check that the options fit one another. Raises UsageError."""
    if splits and output is None:
        raise click.UsageError("--split needs the folder that the files are for: -o FOLDER")
    if splits and losses is not None:
        raise click.UsageError("--losses goes without --split, which writes dump.losses.json into the folder")
    if output is not None and losses is not None and os.path.realpath(output) == os.path.realpath(losses):
        raise click.UsageError("-o and --losses name the same file")


def check_adopting(owner: str | None, *, adopts: bool) -> None:
    """Check that an owner is named where something is adopted, and only there. Raises UsageError."""
    if adopts != (owner is not None):
        raise click.UsageError("--adopt and --owner go together")
