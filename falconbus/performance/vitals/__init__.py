"""How PostgreSQL, Redis and the queues fare, and what Prometheus reads of it."""
