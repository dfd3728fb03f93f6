"""Which endpoints really changed between two releases, or between two stretches of time."""
