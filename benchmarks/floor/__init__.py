"""The floor: a bare Flask app with hand-written psycopg SQL, which does the same work over the same tables."""
