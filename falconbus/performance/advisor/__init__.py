"""The index advisor: indexes that would help, each verified by plan and time on a sampled copy."""
