"""A request of three statements under several monitors, each in its usual setting."""
