"""Commands as click sees them: options and help."""
