"""Rules of prices and refunds, on values; no tables of their own so far."""
