"""Indexes that would help, each proven by plan and time on a sampled copy."""
