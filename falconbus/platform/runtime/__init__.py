"""`falcon up` and what stands under it: embedded PostgreSQL and Redis, and the supervision of processes."""
