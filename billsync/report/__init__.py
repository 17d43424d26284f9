"""Answers computed from states: ledger, impact, forecast. Touches nothing."""
