"""The state directory: journals and the embedded server's database."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

VARIABLE = "BILLSYNC_STATE_DIR"
DEFAULT = ".billsync"
DATABASE = "local.db"
JOURNAL = "journal"


def state_directory(environment: Mapping[str, str]) -> Path:
    """The directory that the environment names, else `.billsync` in the working directory."""
    return Path(environment.get(VARIABLE) or DEFAULT)


def journals(environment: Mapping[str, str]) -> Path:
    """The directory of the journals."""
    return state_directory(environment) / JOURNAL


def default_database(environment: Mapping[str, str]) -> str:
    """The file of the embedded server where the command names none."""
    return str(state_directory(environment) / DATABASE)
