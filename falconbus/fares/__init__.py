"""What a ride costs and what comes back of it: rules on values, with no table of their own so far."""
