"""Users, roles, sign-in, API tokens, audit log."""
