"""Benchmarks of speed and correctness, as ratios to a floor measured in the same run."""
