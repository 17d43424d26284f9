"""The embedded API v3 server over SQLite: a witness, not a mirror. Never imports api, kinds, core or live."""
