"""FalconBus: the back end of an intercity bus line."""
