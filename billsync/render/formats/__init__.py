"""Formats that every output uses: text, tables, CSV, JSON, YAML."""
