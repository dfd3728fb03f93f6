"""Charters and the people who drive them: staff, crews, appointments, notifications, rosters."""
