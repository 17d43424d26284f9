"""The page for people who approve: pure values, from which Markdown and HTML are made."""
