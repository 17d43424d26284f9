"""The catalog: meters, features, plans, add-ons, rate cards, prices, tax codes and currencies, with their rules."""
