"""Event streams, in a process of their own so that open connections occupy no thread of the web processes."""
