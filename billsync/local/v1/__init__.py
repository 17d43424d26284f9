"""The v1 and v2 routes of the server, in their own shapes, over the same rows."""
