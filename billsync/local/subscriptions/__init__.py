"""Subscriptions: start, change, cancel, edits and the add-ons attached to them."""
