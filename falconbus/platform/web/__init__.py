"""What every HTTP operation shares: identity, limits, idempotency, declarations, refusals, pages, logs."""
