"""Events, and queries of meters over them."""
