"""Files to desired state: strict YAML, every diagnostic with its place. Touches only the files it was given."""

from billsync.config.loading import load

__all__ = ["load"]
