"""Health checks: whether the system is able to sell."""
