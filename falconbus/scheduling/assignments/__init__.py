"""Who is on which ride: one table for charters and line departures, so that nobody is in two places at once."""
