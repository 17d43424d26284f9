"""`adopt` and `dump --adopt`: files that take over what nobody owns."""
