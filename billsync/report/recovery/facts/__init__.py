"""Facts about a customer and its subscriptions on both sides: promises, credit that is left, times."""
