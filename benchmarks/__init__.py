"""How fast and how sure we are: figures of our own, as ratios to a floor measured in the same run."""
