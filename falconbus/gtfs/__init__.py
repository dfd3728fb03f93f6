"""GTFS feeds: read into the network and its timetables."""
