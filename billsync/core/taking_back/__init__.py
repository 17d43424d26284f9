"""Entities taken over by files, and runs taken back."""
