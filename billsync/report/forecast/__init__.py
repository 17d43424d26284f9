"""Cost of the running period, and when credits run out."""
