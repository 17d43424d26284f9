"""`promote`: the catalog of one environment brought to another, and the proof that both are equivalent."""
