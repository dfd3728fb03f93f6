"""The engine, its sessions and transactions, pagination, and reads past the ORM."""
