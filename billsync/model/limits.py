"""How much billsync takes before it gives up with a clear error: nothing endless is waited for, or kept in memory."""

from __future__ import annotations

ANSWER_BYTES = 64 * 1024 * 1024
"""The longest answer, unpacked."""

ANSWER_SECONDS = 30.0
"""The longest silence within an answer."""

CONNECT_SECONDS = 10.0

REQUEST_SECONDS = 60.0
"""The longest that one request may take, from the first byte sent to the last byte read."""

LIST_ROWS = 1_000_000
"""The longest list, read by pages or by cursors."""

EMPTY_PAGES = 100
"""How many empty pages in a row a list with cursors may have."""

PAGE_SECONDS = 1.0
"""How long a page of a list should take at most: pages don't grow past it, and shrink where they take longer."""
