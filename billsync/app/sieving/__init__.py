"""Comparisons that leave out what is certainly equal, while lists are read."""
