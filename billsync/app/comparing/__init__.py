"""`diff` and `drift`: the changes that a run would make, with the guards of money."""
