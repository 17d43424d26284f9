"""Recovery snapshots: taken, restored, verified, and tried in a drill."""
