"""Reads of facts that several use cases need: usage, plans, subscriptions, billing. They decide nothing."""
