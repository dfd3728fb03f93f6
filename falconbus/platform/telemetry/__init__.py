"""The system's own measurements: requests, statements, cache look-ups, limits and tasks, as histograms over time."""
