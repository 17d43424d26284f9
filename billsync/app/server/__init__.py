"""Connections to a server: the target, the reads that everything else goes through, and what the server can do."""
