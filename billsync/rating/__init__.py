"""The server's arithmetic: price x quantity -> amounts, in Decimal. No float, no clock, no network."""
