"""The dialects as data: the routes, request fields and capabilities of each generation of the API."""
