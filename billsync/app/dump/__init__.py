"""`dump`: live rows, credit and losses as a document."""
