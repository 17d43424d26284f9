"""Rows: pages, whole lists and many lists in one stream, with every row checked at the door."""
