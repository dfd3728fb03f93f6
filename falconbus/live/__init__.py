"""The event stream: a process of its own, so that listeners take no thread from the web."""
