"""Entities as comparable views: one canonical form of each value, comparison, and the forms of JSON."""
