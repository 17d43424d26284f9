"""Billing profiles and the apps that they use."""
