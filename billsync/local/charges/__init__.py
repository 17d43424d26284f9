"""Charges: written for each period, settled against credit, and made by hand."""
