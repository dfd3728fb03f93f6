"""Cached responses: kept for a while, and invalidated by tag when the data behind them changes."""
