"""Frozen values that every room shares, and the ports (Remote, Journal, Clock). No kind is named here."""
