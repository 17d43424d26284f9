"""The restore: grants, subscriptions, fees, debts and usage as calls, and what they cost."""
