"""Vitals of PostgreSQL, Redis and the queues, and the address that Prometheus reads."""
