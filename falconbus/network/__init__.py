"""Stops, routes, buses, seat layouts, fare classes."""
