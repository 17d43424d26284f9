"""Edits the `adopted:` list of a file in place, with its comments and its layout."""
