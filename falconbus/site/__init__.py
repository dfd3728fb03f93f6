"""Pages for travellers."""
