"""The cache benchmark: times first and second requests over HTTP, and measures compressed sizes."""
