"""Losses: what each row of a snapshot came to, and what explains a departure."""
