"""`migrate`: live subscriptions moved to another plan or version."""
