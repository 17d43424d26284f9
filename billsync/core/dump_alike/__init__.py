"""Rows that are dumped as others are: the full code dumps one of each sort, and the rest differ in texts only."""
