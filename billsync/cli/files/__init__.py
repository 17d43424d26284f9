"""The files that a command reads: configurations, their history in git, and plan files."""
