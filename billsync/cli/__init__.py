"""click commands, wiring and exit codes. A command parses, calls and prints."""
