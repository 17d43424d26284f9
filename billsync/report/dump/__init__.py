"""Losses of a dump, and notes about what no file can declare."""
