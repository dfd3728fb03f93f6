"""Assignments of staff to charters and line departures: one table, so that nobody is booked twice."""
