"""Trying the caches over HTTP: the first request of an address, the second, and how small the answers travel."""
