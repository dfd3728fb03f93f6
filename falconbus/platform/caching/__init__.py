"""Answers kept for a while, and dropped when what they tell of changes."""
