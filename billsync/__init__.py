"""billsync: decK for billing."""

__version__ = "0.1.0"
