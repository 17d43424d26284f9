"""Rows in SQLite, and the values in them: documents, times, durations."""
