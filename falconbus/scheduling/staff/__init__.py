"""The staff over the API: who works, what they do now, who is free; their accounts and records."""
