"""Differences that new prices make for the subscriptions they reach."""
