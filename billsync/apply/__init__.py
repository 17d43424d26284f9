"""The one execution rule and the journal. Runs exactly the plan file's steps."""
