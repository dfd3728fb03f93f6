"""The caches as the dashboard shows, measures and clears them."""
