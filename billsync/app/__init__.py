"""Use cases: compare, carry out, impact, forecast, dump. Reads servers and decides; prints nothing."""
