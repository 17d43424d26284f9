"""Files -> desired state and diagnostics. Never raises for a person's mistake."""
