"""The services that charters can include, and what they cost now."""
