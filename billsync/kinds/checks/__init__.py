"""Checks, made offline, for input that the server would refuse or lose; one module per kind."""
