"""The caches on the dashboard: statistics and clearing."""
