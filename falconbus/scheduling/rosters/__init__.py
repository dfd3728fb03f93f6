"""Rosters: a person's duties by week, and as a calendar feed."""
