"""Answers computed from states: ledger, impact, forecast. Pure."""
