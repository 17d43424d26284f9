"""Price curves: the cost of a month under an old and a new price, over the usage that customers have."""
