"""`diff --impact`: the reads of its facts, and the estimate."""
