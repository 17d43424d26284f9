"""All limits on what is read, in one place: no input and no answer may be endless.

Each limit is far above any real need, and far below a machine's capacity. Beyond one, the message names it.
"""

from __future__ import annotations

# Files, the standard input, and token files.
FILE_BYTES = 100_000_000
"""One file, or the standard input: 100 MB are a few hundred thousand customers."""

INPUT_BYTES = 1_000_000_000
"""All files of one command together."""

INPUT_FILES = 100_000
"""Files of one command, and entries of the directories that are searched for them."""

PLAN_FILE_BYTES = 1_000_000_000
"""A plan file: the steps of a hundred thousand subscriptions are 300 MB."""

LOSSES_BYTES = 1_000_000_000
"""A loss report as JSON: a line for each row that isn't simply restored."""

SNAPSHOT_LINE_BYTES = 128 * 1024 * 1024
"""One row of a recovery snapshot: it came in an answer, and escapes make it longer."""

SNAPSHOT_TIMES = 200
SNAPSHOT_FREE_BYTES = 64 * 1024 * 1024
"""A packed recovery snapshot unpacks to so many times its size at most, or to so many bytes: a tenth of the first is
usual."""

TOKEN_BYTES = 65_536
"""A token file."""

CA_BYTES = 10_000_000
"""A file with CA certificates: those of all public authorities are 300 kB."""

SOURCE_BYTES = 65_536
"""A file that a configuration takes a value from."""

# What stands in one file.
NESTING = 100
"""Lists and maps in one another."""

VALUES = 4_000_000
"""Values in one file."""

ALIASED_VALUES = 1_000_000
"""Values that all aliases of a file expand to."""

TEXT_CHARACTERS = 1_000_000
"""One text in a file, in code points."""

KEY_CHARACTERS = 1_000
"""One key of a map in a file, in code points."""

NUMBER_CHARACTERS = 100
"""One number in a file, sign and point included: more digits than any server keeps."""

# Servers.
ANSWER_BYTES = 64 * 1024 * 1024
"""The longest answer, unpacked."""

ANSWER_SECONDS = 30.0
"""The longest silence within an answer."""

CONNECT_SECONDS = 10.0

REQUEST_SECONDS = 60.0
"""The longest that one request may take, from the first byte sent to the last byte read, unless --timeout says."""

LONGEST_TIMEOUT = 3600
"""The most seconds that --timeout takes."""

LIST_ROWS = 1_000_000
"""The longest list, read by pages or by cursors."""

EMPTY_PAGES = 100
"""Largest number of empty pages in a row in a list with cursors."""

PAGE_SECONDS = 1.0
"""Longest time that a page of a list should take: pages don't grow past it, and shrink where they take longer."""

CONNECTIONS = 32
"""Largest number of connections to a server."""

READS_AT_ONCE = 8
"""Largest number of reads under way at a time."""

STEPS_AT_ONCE = 10
"""Independent steps of a run that are carried out at a time, unless --parallelism says."""

# What is said.
SHOWN_CHARACTERS = 60
"""Most characters of a person's own text that a message repeats."""

MESSAGE_CHARACTERS = 1_000
"""Longest sentence of a message, in characters."""

SERVER_CHARACTERS = 2_000
"""Most characters of a server's words that a message repeats."""
