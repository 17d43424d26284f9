"""What dumps, recovery snapshots, restores and their proof cost, against floors of the same run."""
