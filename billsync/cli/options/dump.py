"""The options of `dump`."""

from __future__ import annotations

import os

import click

from billsync.cli.options.options import OUTPUT, YES, file_option, together
from billsync.cli.options.selecting import select_option
from billsync.cli.terminal.outputs import STDOUT

dump_options = together(
    OUTPUT,
    click.option("--split", "splits", is_flag=True, help="Write a file a kind into the folder that -o names."),
    file_option("--losses", help="Write what the files can't declare as JSON, too; with -o, - is stdout."),
    select_option,
    click.option(
        "--rate-card-library",
        "has_library",
        is_flag=True,
        help="Write rate cards that are alike once, in the library, from where plans and add-ons use them.",
    ),
    click.option("--adopt", "adopts", is_flag=True, help="Take over what is live and nobody's; needs --owner."),
    click.option("--owner", metavar="NAME", help="With --adopt: the owner, as `_info.owner` of the files."),
    click.option(
        "--sanitize", "sanitizes", is_flag=True, help="Write pseudonyms for names, keys, addresses and other texts."
    ),
    file_option(
        "--sanitize-key-file",
        "key_file",
        help="With --sanitize: the secret that the pseudonyms are made with; default: a new one for each run.",
    ),
    YES,
)
"""The options that say what is dumped, in which form, and into which files."""


def check_dump_options(
    output: str | None, losses: str | None, key_file: str | None, *, splits: bool, sanitizes: bool
) -> None:
    """Check that the options fit one another. Raises UsageError."""
    if key_file is not None and not sanitizes:
        raise click.UsageError("--sanitize-key-file goes with --sanitize")
    if splits and output is None:
        raise click.UsageError("--split needs the folder that the files are for: -o FOLDER")
    if splits and losses is not None:
        raise click.UsageError("--losses goes without --split, which writes dump.losses.json into the folder")
    if losses == STDOUT and output is None:
        raise click.UsageError("--losses - writes to stdout, and so does the dump: name a file for it with -o FILE")
    if output is not None and losses is not None and os.path.realpath(output) == os.path.realpath(losses):
        raise click.UsageError("-o and --losses name the same file")


def check_adopting(owner: str | None, *, adopts: bool, sanitizes: bool) -> None:
    """Check that an owner is named where something is adopted, and only there. Raises UsageError."""
    if adopts != (owner is not None):
        raise click.UsageError("--adopt and --owner go together")
    if adopts and sanitizes:
        raise click.UsageError("--adopt goes without --sanitize: pseudonyms name nothing that could be adopted")
