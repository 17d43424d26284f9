"""Rows of customers and subscriptions that charges and usage read too."""
