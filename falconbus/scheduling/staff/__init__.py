"""The staff over the API: lists, present duties, suggestions for rides; their accounts and records."""
