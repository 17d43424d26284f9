"""Carriers of requests: libcurl, httpcore, httpx, and the embedded server in this process."""
