"""Backups: taken, verified, kept by rule, restored to any moment."""
