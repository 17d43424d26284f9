"""The dialects as data: the routes, request fields and capabilities of each server."""
