"""The archetypes: how a declared entity of each becomes a change and its steps."""
