"""Commands once their options are read: each calls its use case, and prints what it returns."""
