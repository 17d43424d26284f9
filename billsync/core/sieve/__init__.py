"""Proofs, made while live rows are read, that they equal their declaration; what is in doubt goes through the full
code."""
