"""Charters: asked for, changed, shown, and who may see them."""
