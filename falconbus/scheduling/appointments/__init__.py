"""Charters from the request to the end of the ride."""
