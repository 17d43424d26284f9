"""The recovery snapshot as a file: its items, lines and counts."""
