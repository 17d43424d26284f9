"""One neutral outline -> text, JSON, YAML, as strings."""
