"""Whether the system is able to sell."""
