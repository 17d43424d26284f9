"""Moves of many subscriptions to another plan version: whom, in which waves, until when, and whom to tell."""
