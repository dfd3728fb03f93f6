"""The Celery workers: each task loads by id, calls one use case, and is safe to run twice."""
