"""Servers that a command talks to, embedded ones too."""
