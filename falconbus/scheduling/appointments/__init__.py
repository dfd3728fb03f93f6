"""Charters: requesting, changing, showing them, and who may see which."""
