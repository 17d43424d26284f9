"""One file per kind, mostly a table: identity, schema, references, effects, defaults, view."""
