"""Whether two environments sell the same at the same price."""
