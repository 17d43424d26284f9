"""Desired and live state as a plan file, of one stage or of several."""
