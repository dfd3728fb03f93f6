"""Who works on what: one table for charters and line schedules, so that nobody is in two places at once."""
