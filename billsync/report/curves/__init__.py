"""Price curves: what a month costs under an old and a new price, over the usage that customers have."""
