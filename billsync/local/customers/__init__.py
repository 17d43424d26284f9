"""Customers with their billing data and invoices."""
