"""The embedded server: OpenMeter's API v3 over SQLite. It judges the client, so it shares no code with it."""

from billsync.local.app import create_app

__all__ = ["create_app"]
