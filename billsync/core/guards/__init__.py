"""Rules that stop a run, and deletes of what is no longer declared."""
