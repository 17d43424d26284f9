"""One neutral outline -> text, JSON, YAML. Returns strings; touches nothing."""
