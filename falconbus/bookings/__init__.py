"""Holds, bookings, journeys, passengers, tickets."""
