"""Payments and refunds, by whatever provider."""
