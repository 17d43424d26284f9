"""Options of commands, and values as options give them."""
