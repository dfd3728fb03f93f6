"""Small things that any program needs: clock, money, references, errors, fields, logs."""
