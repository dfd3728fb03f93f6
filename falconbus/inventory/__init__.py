"""Seats: which are taken on which leg, which are free, and the claim that only one can win."""
