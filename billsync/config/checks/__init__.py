"""Checks of nodes against JSON Schema, with a message and a hint for each mistake."""
