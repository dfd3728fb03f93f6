"""`falcon up`: embedded PostgreSQL and Redis, and the supervision of processes."""
