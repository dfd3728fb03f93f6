"""How the line presents itself: name, colour, logo, whom to ask, imprint."""
