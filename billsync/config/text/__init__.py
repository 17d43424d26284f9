"""From files to nodes: which files, their bytes, and YAML or JSON with the place of each value."""
