"""How the system is: health."""
