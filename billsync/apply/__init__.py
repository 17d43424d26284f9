"""The one execution rule and the journal. Runs only what the plan file says."""
