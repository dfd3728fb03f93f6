"""Timetables, the recurring rules, and schedules, the dated departures made from them."""
