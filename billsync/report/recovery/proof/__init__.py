"""The proof: how a server departs from a snapshot, now and after renewals."""
