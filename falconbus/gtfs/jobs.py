"""Jobs of feeds."""

from falconbus.platform.jobs import Job, Queue

IMPORT_FEED = Job("gtfs.import_feed", Queue.BULK)

JOBS = (IMPORT_FEED,)
