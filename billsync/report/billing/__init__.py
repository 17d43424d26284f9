"""Subscriptions, charges, invoices and usage as rating and reports need them, from rows of the API."""
