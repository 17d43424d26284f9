"""Credit grants, balances, the ledger and access to entitlements."""
