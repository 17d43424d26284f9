"""The options of commands that decide, show, ask and write: for show only, and without questions."""

from __future__ import annotations

from datetime import timedelta

import click

from billsync.cli.options.options import PARALLELISM, YES, Option, gathered
from billsync.cli.options.plan_file import EXPIRES
from billsync.model.frozen import dataclass


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The run as it was asked for: for show only, with an exit code for changes then; `yes` asks no question.

    `expires` is of the plan file of commands that make one.
    """

    is_dry: bool = False
    exit_code: bool = False
    yes: bool = False
    expires: timedelta = timedelta()


def dry_run(shown: str, *, to: str = " to the server") -> Option:
    """The option --dry-run, with what it shows instead."""
    return click.option("--dry-run", "is_dry", is_flag=True, help=f"Show what would be {shown}; writes nothing{to}.")


EXIT_CODE = click.option("--exit-code", is_flag=True, help="With --dry-run, exit with 2 when changes are pending.")


def run_options(shown: str) -> Option:
    """The options of a command that makes no plan file; it takes them as `how`."""
    return gathered("how", RunOptions, dry_run(shown), EXIT_CODE, PARALLELISM, YES)


def planned_run_options(shown: str) -> Option:
    """The options of a command that makes plan files too; it takes them as `how`."""
    return gathered("how", RunOptions, dry_run(shown), EXIT_CODE, EXPIRES, PARALLELISM, YES)
