"""Giving charters their crew and bus: asking, answers, handing over, and the course of the ride."""
