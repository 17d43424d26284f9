"""Live state by itself: rows by address, ownership, and doubts."""
