"""The dashboard's figures: the system's measurements over a period."""
