"""A plan file and its outcome: outline, text, JSON."""
