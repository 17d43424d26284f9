"""`undo`: a run taken back by its journal."""
