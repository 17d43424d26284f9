"""Pure functions from states to plan files. No file, clock, network or log; no kind is named here."""
