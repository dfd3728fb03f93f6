"""The engine, its sessions and transactions, pages of lists, and reads past the ORM."""
