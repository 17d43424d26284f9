"""Differences of Konnect from OpenMeter in requests and rows, as documented: never recorded."""
