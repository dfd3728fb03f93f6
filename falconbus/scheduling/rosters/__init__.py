"""A person's week, on a page and in a calendar."""
