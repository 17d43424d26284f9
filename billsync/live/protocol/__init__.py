"""One request and one answer as values: JSON, targets, waits, and the ways to fail. Sends nothing."""
