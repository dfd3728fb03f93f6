"""The tests: real PostgreSQL, real Redis; `./falcon test` starts them."""
