"""Credits: grants, draws, shortfalls and the ledger."""
