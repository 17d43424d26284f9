"""Files to desired state: strict YAML, every diagnostic with its place. Reads only the given files."""

from billsync.config.loading import load

__all__ = ["load"]
