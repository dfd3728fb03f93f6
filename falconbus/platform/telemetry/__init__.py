"""What the system sees of itself: requests, statements, cache calls, limits and tasks, as histograms over time."""
