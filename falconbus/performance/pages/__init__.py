"""The dashboard as pages, for admins."""
