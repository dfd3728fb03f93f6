"""What the system saw of itself in a stretch of time, as figures."""
